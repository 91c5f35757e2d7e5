import { metricText } from "./metrics";

/** Names and numbers, numbers under one another. */
export function MetricsTable({ metrics, label }: { metrics: [string, number | string | boolean][]; label: string }) {
  return (
    <table className="w-full max-w-md text-left text-xs">
      <caption className="sr-only">{label}</caption>
      <thead className="sr-only">
        <tr>
          <th>Metric</th>
          <th>Value</th>
        </tr>
      </thead>
      <tbody>
        {metrics.map(([name, value]) => (
          <tr key={name}>
            <th scope="row" className="border-b border-line py-1.5 pr-6 font-normal break-all text-ink-2">
              {name}
            </th>
            <td className="tnum border-b border-line py-1.5 text-right font-medium" title={String(value)}>
              {metricText(value)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
