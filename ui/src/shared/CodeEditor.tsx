import { lazy, Suspense } from "react";
import { Skeleton } from "./Skeleton";

export interface CodeEditorProps {
  label: string;
  text: string;
  language: "json" | "yaml" | "text";
  onChange?: (text: string) => void;
  /** Fills the height it is given; otherwise grows with the text up to `maxHeight` pixels. */
  fill?: boolean;
  maxHeight?: number;
  isInvalid?: boolean;
}

export interface CodeDiffProps {
  label: string;
  before: string;
  after: string;
  language: "json" | "yaml";
}

const Editor = lazy(() => import("./codemirror").then((module) => ({ default: module.Editor })));
const Diff = lazy(() => import("./codemirror").then((module) => ({ default: module.Diff })));

/** Text with colours, folding and search; editable when `onChange` is given. Its code is loaded when first needed. */
export function CodeEditor(props: CodeEditorProps) {
  return (
    <Suspense fallback={<Skeleton className={props.fill ? "m-4 h-64" : "h-20 w-full"} />}>
      <Editor {...props} />
    </Suspense>
  );
}

/** Two texts side by side; what is the same is folded. */
export function CodeDiff(props: CodeDiffProps) {
  return (
    <Suspense fallback={<Skeleton className="m-4 h-64" />}>
      <Diff {...props} />
    </Suspense>
  );
}
