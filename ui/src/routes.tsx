/** Every address of the interface. The paths are KFP's, so that links printed by its SDK work. Pages load on demand. */
import { createHashHistory, createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect, retainSearchParams } from "@tanstack/react-router";
import { PageError } from "./shared/ErrorBoundary";
import { parseSearch, stringifySearch, type UrlState } from "./shared/url";
import { NotFound } from "./shell/NotFound";
import { Shell } from "./shell/Shell";

const root = createRootRoute({
  component: Shell,
  notFoundComponent: NotFound,
  errorComponent: PageError,
  validateSearch: (search: Record<string, unknown>) => search as UrlState,
  // Links go on looking in the same namespace.
  search: { middlewares: [retainSearchParams(["ns"])] },
});

const page = <const Path extends string>(path: Path, load: () => Promise<{ default: React.ComponentType }>) =>
  createRoute({ getParentRoute: () => root, path, component: lazyRouteComponent(load) });

/** An address of KFP that lives elsewhere here. */
const moved = <const Path extends string>(path: Path, to: string, more: UrlState = {}) =>
  createRoute({
    getParentRoute: () => root,
    path,
    beforeLoad: ({ search }) => {
      throw redirect({ to: to as "/", search: { ...search, ...more } as never, replace: true });
    },
  });

/** An address of KFP that shows a part of a run. */
const movedRun = <const Path extends string>(path: Path, runOf: (at: { params: Record<string, string>; search: UrlState }) => string | undefined, search: UrlState = {}) =>
  createRoute({
    getParentRoute: () => root,
    path,
    beforeLoad: (at) => {
      const runId = runOf(at as never);
      throw runId === undefined ? redirect({ to: "/pipelines", search: {}, replace: true }) : redirect({ to: "/runs/details/$runId", params: { runId }, search, replace: true });
    },
  });

const tree = root.addChildren([
  moved("/", "/runs"),
  moved("/start", "/runs"),
  moved("/shared/pipelines", "/pipelines", { view: "shared" }),
  moved("/frontend_features", "/settings"),
  movedRun("/runs/details/$runId/execution/$executionId", ({ params }) => params["runId"]),
  movedRun("/pipelines/details", ({ search }) => search["fromRun"], { tab: "spec" }),
  page("/pipelines", () => import("./features/pipelines/PipelinesPage")),
  page("/pipeline_versions/new", () => import("./features/pipelines/UploadPage")),
  page("/pipelines/details/$pipelineId", () => import("./features/pipelines/PipelinePage")),
  page("/pipelines/details/$pipelineId/version/$versionId", () => import("./features/pipelines/PipelinePage")),
  page("/pipelines/diff/$pipelineId", () => import("./features/pipelines/DiffPage")),
  page("/experiments", () => import("./features/experiments/ExperimentsPage")),
  page("/experiments/new", () => import("./features/experiments/NewExperimentPage")),
  page("/experiments/details/$experimentId", () => import("./features/experiments/ExperimentPage")),
  page("/runs", () => import("./features/runs/RunsPage")),
  page("/runs/new", () => import("./features/runs/NewRunPage")),
  page("/runs/details/$runId", () => import("./features/run-details/RunPage")),
  page("/recurringruns", () => import("./features/recurring-runs/RecurringRunsPage")),
  page("/recurringrun/details/$recurringRunId", () => import("./features/recurring-runs/RecurringRunPage")),
  page("/archive/runs", () => import("./features/archive/ArchivedRunsPage")),
  page("/archive/experiments", () => import("./features/archive/ArchivedExperimentsPage")),
  page("/compare", () => import("./features/compare/ComparePage")),
  page("/artifacts", () => import("./features/artifacts/ArtifactsPage")),
  page("/artifacts/$artifactId", () => import("./features/artifacts/ArtifactPage")),
  page("/visualize", () => import("./features/visualize/VisualizePage")),
  page("/executions", () => import("./features/executions/ExecutionsPage")),
  page("/executions/$executionId", () => import("./features/executions/ExecutionPage")),
  page("/settings", () => import("./features/settings/SettingsPage")),
]);

export const router = createRouter({
  routeTree: tree,
  history: createHashHistory(),
  parseSearch,
  stringifySearch,
  defaultPreload: "intent",
  defaultErrorComponent: PageError,
  scrollRestoration: true,
});

declare module "@tanstack/react-router" {
  interface Register {
    router: typeof router;
  }
}
