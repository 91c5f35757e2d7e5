// Names of nodes. A drawing has one node for a task wherever it stands (`root/each/train`); a run has an instance
// of it for each iteration around it (`root/each[3]/train`).

/** The iteration that each loop of the drawing shows, by the loop's node. */
export type Chosen = ReadonlyMap<string, number>;

export const ROOT = "root";

/** Returns the run's name for a node, given the iterations that are shown. */
export function instanceKey(node: string, chosen: Chosen): string {
  if (chosen.size === 0) return node;
  let key = "";
  let path = "";
  const names = node.split("/");
  names.forEach((name, index) => {
    path = index === 0 ? name : `${path}/${name}`;
    key = index === 0 ? name : `${key}/${name}`;
    const iteration = chosen.get(path);
    if (iteration !== undefined && index + 1 < names.length) key += `[${iteration}]`;
  });
  return key;
}

/** Returns the node that stands for an instance: its name without iterations. */
export function nodeOf(key: string): string {
  return key.replace(/\[\d+\](?=\/|$)/g, "");
}

/** Returns the iterations that an instance lies in, by loop node. */
export function iterationsOf(key: string): Map<string, number> {
  const found = new Map<string, number>();
  let path = "";
  for (const part of key.split("/")) {
    const match = /^(.*)\[(\d+)\]$/.exec(part);
    const name = match === null ? part : match[1];
    path = path === "" ? name : `${path}/${name}`;
    if (match !== null) found.set(path, Number(match[2]));
  }
  return found;
}

/** Returns the node around a node. */
export function parentOf(node: string): string | undefined {
  const at = node.lastIndexOf("/");
  return at < 0 ? undefined : node.slice(0, at);
}

/** Returns a node's own name. */
export function nameOf(node: string): string {
  return node.slice(node.lastIndexOf("/") + 1);
}
