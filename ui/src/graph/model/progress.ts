// What is known of each task of a run, for readers that want to hear of one task only.

import type { TaskProgress } from "@/api/own-types";

type Listener = () => void;

/** Holds the newest word on each task; what changes in one call is told once. */
export class ProgressStore {
  private readonly tasks = new Map<string, TaskProgress>();
  private readonly ofKey = new Map<string, Set<Listener>>();
  private readonly ofAll = new Set<Listener>();
  private count = 0;

  get(key: string): TaskProgress | undefined {
    return this.tasks.get(key);
  }

  /** Grows with every change. */
  version = (): number => this.count;

  all(): Iterable<TaskProgress> {
    return this.tasks.values();
  }

  apply(changed: readonly TaskProgress[]): void {
    if (changed.length === 0) return;
    for (const task of changed) this.tasks.set(task.key, task);
    this.count += 1;
    for (const task of changed) for (const listener of this.ofKey.get(task.key) ?? []) listener();
    for (const listener of this.ofAll) listener();
  }

  /** Forgets everything and takes these instead: after a reset, or a retry that dropped tasks. */
  replace(tasks: readonly TaskProgress[]): void {
    const before = Array.from(this.tasks.keys());
    this.tasks.clear();
    for (const task of tasks) this.tasks.set(task.key, task);
    this.count += 1;
    for (const key of new Set([...before, ...this.tasks.keys()])) for (const listener of this.ofKey.get(key) ?? []) listener();
    for (const listener of this.ofAll) listener();
  }

  subscribe(key: string, listener: Listener): () => void {
    let listeners = this.ofKey.get(key);
    if (listeners === undefined) {
      listeners = new Set();
      this.ofKey.set(key, listeners);
    }
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.ofKey.get(key) === listeners) this.ofKey.delete(key);
    };
  }

  subscribeAll = (listener: Listener): (() => void) => {
    this.ofAll.add(listener);
    return () => {
      this.ofAll.delete(listener);
    };
  };
}
