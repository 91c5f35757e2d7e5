import { useId, useState, type PointerEvent } from "react";
import { areaUnder, metricText, type RocPoint } from "./metrics";

export interface Curve {
  id: string;
  name: string;
  points: RocPoint[];
  /** Names one of the colours and dashes below. */
  style: number;
}

/** Hue and dash together, so that curves can be told apart without colour. */
export const CURVES = [
  { colour: "var(--accent)", dash: "" },
  { colour: "var(--succeeded)", dash: "6 3" },
  { colour: "var(--failed)", dash: "2 2" },
  { colour: "var(--cached)", dash: "10 3 2 3" },
  { colour: "var(--warning)", dash: "4 4" },
  { colour: "var(--running)", dash: "12 4" },
  { colour: "var(--ink-2)", dash: "1 3" },
  { colour: "var(--accent-ink)", dash: "8 2 2 2 2 2" },
  { colour: "var(--succeeded)", dash: "" },
  { colour: "var(--failed)", dash: "9 5" },
] as const;

const SIZE = 300;
const LEFT = 42;
const TOP = 10;
const TICKS = [0, 0.25, 0.5, 0.75, 1];

/** Curves of true against false positives, with the thresholds at the pointer. */
export function RocChart({ curves, label }: { curves: Curve[]; label: string }) {
  const [at, setAt] = useState<number>();
  const title = useId();
  const x = (value: number) => LEFT + value * SIZE;
  const y = (value: number) => TOP + (1 - value) * SIZE;
  const onMove = (event: PointerEvent<SVGSVGElement>) => {
    const area = event.currentTarget.getBoundingClientRect();
    const share = ((event.clientX - area.left) / area.width) * (SIZE + LEFT + 14);
    setAt(Math.min(1, Math.max(0, (share - LEFT) / SIZE)));
  };
  return (
    <figure className="max-w-md min-w-0">
      <svg
        viewBox={`0 0 ${SIZE + LEFT + 14} ${SIZE + TOP + 38}`}
        role="img"
        aria-labelledby={title}
        onPointerMove={onMove}
        onPointerLeave={() => setAt(undefined)}
        className="w-full touch-pan-y"
      >
        <title id={title}>{`${label}: ${curves.map((curve) => `${curve.name}, area ${areaText(curve.points)}`).join("; ")}`}</title>
        {TICKS.map((tick) => (
          <g key={tick} className="fill-ink-3 text-[10px]">
            <line x1={x(tick)} x2={x(tick)} y1={y(0)} y2={y(1)} stroke="var(--line)" />
            <line x1={x(0)} x2={x(1)} y1={y(tick)} y2={y(tick)} stroke="var(--line)" />
            <text x={x(tick)} y={y(0) + 14} textAnchor="middle">
              {tick}
            </text>
            <text x={x(0) - 6} y={y(tick) + 3} textAnchor="end">
              {tick}
            </text>
          </g>
        ))}
        <text x={x(0.5)} y={y(0) + 31} textAnchor="middle" className="fill-ink-2 text-[11px]">
          false positive rate
        </text>
        <text transform={`translate(11 ${y(0.5)}) rotate(-90)`} textAnchor="middle" className="fill-ink-2 text-[11px]">
          true positive rate
        </text>
        <line x1={x(0)} y1={y(0)} x2={x(1)} y2={y(1)} stroke="var(--line-strong)" strokeDasharray="3 3" />
        {curves.map((curve) => (
          <polyline
            key={curve.id}
            points={curve.points.map((point) => `${x(clamp(point.fpr))},${y(clamp(point.tpr))}`).join(" ")}
            fill="none"
            stroke={CURVES[curve.style % CURVES.length].colour}
            strokeDasharray={CURVES[curve.style % CURVES.length].dash}
            strokeWidth="2"
            strokeLinejoin="round"
          />
        ))}
        {at !== undefined && <line x1={x(at)} x2={x(at)} y1={y(0)} y2={y(1)} stroke="var(--ink-3)" strokeDasharray="2 2" />}
        {at !== undefined &&
          curves.map((curve) => {
            const point = nearest(curve.points, at);
            return point && <circle key={curve.id} cx={x(clamp(point.fpr))} cy={y(clamp(point.tpr))} r="3.5" fill={CURVES[curve.style % CURVES.length].colour} />;
          })}
      </svg>
      <figcaption className="mt-1 space-y-1 text-xs">
        {curves.map((curve) => {
          const point = at === undefined ? undefined : nearest(curve.points, at);
          return (
            <div key={curve.id} className="flex items-center gap-2">
              <CurveMark style={curve.style} />
              <span className="min-w-0 truncate text-ink-2">{curve.name}</span>
              <span className="tnum ml-auto whitespace-nowrap text-ink-3">
                {point === undefined
                  ? `area ${areaText(curve.points)}`
                  : `${metricText(round(point.tpr))} at ${metricText(round(point.fpr))}${point.threshold === undefined ? "" : `, threshold ${metricText(round(point.threshold))}`}`}
              </span>
            </div>
          );
        })}
      </figcaption>
    </figure>
  );
}

export function CurveMark({ style }: { style: number }) {
  const look = CURVES[style % CURVES.length];
  return (
    <svg width="22" height="8" aria-hidden className="shrink-0">
      <line x1="0" x2="22" y1="4" y2="4" stroke={look.colour} strokeDasharray={look.dash} strokeWidth="2.5" />
    </svg>
  );
}

const clamp = (value: number) => Math.min(1, Math.max(0, value));
const round = (value: number) => Number(value.toFixed(4));

function areaText(points: RocPoint[]): string {
  const area = areaUnder(points);
  return area === undefined ? "—" : area.toFixed(3);
}

function nearest(points: RocPoint[], fpr: number): RocPoint | undefined {
  return points.reduce<RocPoint | undefined>(
    (best, point) => (best === undefined || Math.abs(point.fpr - fpr) < Math.abs(best.fpr - fpr) ? point : best),
    undefined,
  );
}
