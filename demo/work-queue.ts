// Jobs shared out to a few workers: each takes the next job as soon as it is free.

/** Runs every job on some worker; results in the order of the jobs. The first failure ends the rest. */
export async function inParallel<Worker, Result>(
  workers: readonly Worker[],
  jobs: readonly ((worker: Worker) => Promise<Result>)[],
): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  await Promise.all(
    workers.map(async (worker) => {
      for (let job = next++; job < jobs.length; job = next++) {
        const work = jobs[job]
        if (work !== undefined) results[job] = await work(worker)
      }
    }),
  )
  return results
}
