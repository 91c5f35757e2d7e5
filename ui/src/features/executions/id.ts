/** Names an execution in a link: the run and the task's name in it. */
export const executionId = (run: string, task: string) => `${run}/${task}`;
