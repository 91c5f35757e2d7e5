import { useMemo, useState } from "react";
import type { CompareView } from "@/api/own-types";
import { cx } from "@/shared/cx";
import { CURVES, CurveMark } from "@/viewers/RocChart";
import { letterOf } from "./ComparePage";
import { axesOf, stretches, type Axis } from "./parallel";

const HEIGHT = 230;
const TOP = 40;
const BOTTOM = 14;
const SIDE = 84;
/** Room between two axes: few of them spread out, more than fit are scrolled. */
const STEP = { least: 132, most: 240, all: 940 };

/** What was chosen and what came of it, one line for each run: lines that cross show what speaks against what. */
export function ParallelPlot({ view }: { view: CompareView }) {
  const [run, setRun] = useState<number>();
  const axes = useMemo(() => axesOf(view), [view]);
  if (axes.length < 2) return null;
  const step = Math.min(STEP.most, Math.max(STEP.least, STEP.all / (axes.length - 1)));
  const width = SIDE * 2 + (axes.length - 1) * step;
  const x = (index: number) => SIDE + index * step;
  const y = (place: number) => TOP + (1 - place) * HEIGHT;
  const said = view.runs.map((one, index) => `${letterOf(index)} ${one.display_name}: ${axes.map((axis) => `${axis.label} ${axis.texts[index]}`).join(", ")}`);
  return (
    <section aria-label="Parallel coordinates">
      <h2 className="mb-1 text-sm">Parameters and metrics together</h2>
      <p className="mb-3 text-xs text-ink-3">Axes on which the runs differ: first what was chosen, then what was measured.</p>
      <ul className="mb-2 flex flex-wrap gap-x-4 gap-y-1 text-xs">
        {view.runs.map((one, index) => (
          <li key={one.run_id}>
            <button
              type="button"
              aria-pressed={run === index}
              onClick={() => setRun(run === index ? undefined : index)}
              className={cx("flex max-w-60 items-center gap-1.5 rounded-md px-1.5 py-0.5 hover:bg-hover", run !== undefined && run !== index && "text-ink-3")}
            >
              <CurveMark style={index} />
              <span className="font-semibold">{letterOf(index)}</span>
              <span className="truncate">{one.display_name}</span>
            </button>
          </li>
        ))}
      </ul>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reachable */}
      <div tabIndex={0} role="region" aria-label="Lines of the runs over the axes" className="overflow-x-auto rounded-lg border border-line">
        <svg width={width} height={TOP + HEIGHT + BOTTOM} role="img" aria-label={said.join("; ")} className="block">
          {axes.map((axis, index) => (
            <line key={axis.id} x1={x(index)} x2={x(index)} y1={y(0)} y2={y(1)} stroke="var(--line-strong)" />
          ))}
          {view.runs.map((one, index) => {
            const points = axes.map((axis, place) => {
              const at = axis.places[index];
              return at === undefined ? undefined : ([x(place), y(at)] as const);
            });
            const curve = CURVES[index % CURVES.length];
            const isFaint = run !== undefined && run !== index;
            return (
              <g key={one.run_id} opacity={isFaint ? 0.18 : 1} onPointerEnter={() => setRun(index)} onPointerLeave={() => setRun(undefined)}>
                <title>{`${letterOf(index)} · ${one.display_name}`}</title>
                {stretches(points).map((stretch) => (
                  <g key={stretch[0][0]}>
                    <polyline points={stretch.map((point) => point.join(",")).join(" ")} fill="none" stroke="transparent" strokeWidth="12" />
                    <polyline
                      points={stretch.map((point) => point.join(",")).join(" ")}
                      fill="none"
                      stroke={curve.colour}
                      strokeDasharray={curve.dash}
                      strokeWidth={run === index ? 3 : 2}
                      strokeLinejoin="round"
                    />
                    {stretch.map(([cx_, cy]) => (
                      <circle key={cx_} cx={cx_} cy={cy} r="3" fill={curve.colour} />
                    ))}
                  </g>
                ))}
              </g>
            );
          })}
          {axes.map((axis, index) => (
            <AxisWords key={axis.id} axis={axis} x={x(index)} y={y} run={run} />
          ))}
        </svg>
      </div>
    </section>
  );
}

/** What stands at an axis, over the lines: its name, its marks, and the value of the run that is looked at. */
function AxisWords({ axis, x, y, run }: { axis: Axis; x: number; y: (place: number) => number; run: number | undefined }) {
  const place = run === undefined ? undefined : axis.places[run];
  const halo = { paintOrder: "stroke", stroke: "var(--surface)", strokeWidth: 4 } as const;
  return (
    <g className="pointer-events-none text-[11px]">
      <text x={x} y={15} textAnchor="middle" className={cx(axis.kind === "metric" ? "fill-ink font-semibold" : "fill-ink-2 font-medium")}>
        <title>{axis.detail === undefined ? axis.label : `${axis.label} of ${axis.detail}`}</title>
        {short(axis.label)}
      </text>
      {axis.ticks.map((tick) => (
        <g key={tick.at}>
          <line x1={x - 4} x2={x} y1={y(tick.at)} y2={y(tick.at)} stroke="var(--line-strong)" />
          {(place === undefined || Math.abs(y(place) - y(tick.at)) > 12) && (
            <text x={x - 8} y={y(tick.at) + 4} textAnchor="end" className="fill-ink-3" {...halo}>
              {tick.text}
            </text>
          )}
        </g>
      ))}
      {place !== undefined && (
        <text x={x - 8} y={y(place) + 4} textAnchor="end" className="fill-ink font-semibold" {...halo}>
          {short(axis.texts[run!])}
        </text>
      )}
    </g>
  );
}

const LETTERS = 19;
const short = (text: string) => (text.length <= LETTERS ? text : `${text.slice(0, LETTERS - 1)}…`);
