// What the synthetic cohort holds, told from its truth: how well the true size of the lesion, its true change and the
// number of bright voxels would answer the question that the model is asked. No model can be judged without these.

import type { TissueMap } from './anatomy.ts'
import { landmarkLabel } from './child.ts'
import { childPainter } from './child-painter.ts'
import { type CohortPlan, drawCourse, landmarkVisit, planChildren } from './cohort.ts'

interface CourseOracle {
  readonly children: number
  /** Share with an event within the horizon of the sixth visit. */
  readonly positive: number
  /** AUROC of the lesion's radius at the sixth visit. */
  readonly radius: number
  /** AUROC of its change since the first visit. */
  readonly radiusChange: number
  /** AUROC of the day of the sixth visit: what time alone gives away. */
  readonly day: number
}

/** Oracles of the plan's test children, from courses alone: no picture is painted. */
export function courseOracle(plan: CohortPlan): CourseOracle {
  const courses = testCourses(plan)
  const labels = courses.map(({ label }) => label)
  const radius = (visit: number): number[] => courses.map(({ child }) => child.lesion.radiiMm[visit] ?? 0)
  const first = radius(0)
  const sixth = radius(landmarkVisit)
  return {
    children: courses.length,
    positive: labels.filter(Boolean).length / labels.length,
    radius: auroc(sixth, labels),
    radiusChange: auroc(
      sixth.map((value, i) => value - (first[i] ?? 0)),
      labels,
    ),
    day: auroc(
      courses.map(({ child }) => child.days[landmarkVisit] ?? 0),
      labels,
    ),
  }
}

interface BrightVoxelOracle {
  /** AUROC of the number of bright voxels in the sixth scan. */
  readonly volume: number
  /** AUROC of the change of that number since the first scan. */
  readonly volumeChange: number
}

/** The control that needs no learning: voxels above 3 standard deviations of the brain, in pictures as painted. */
export function brightVoxelOracle(plan: CohortPlan, template: TissueMap): BrightVoxelOracle {
  const labels: boolean[] = []
  const volumes: number[] = []
  const changes: number[] = []
  for (const { course, child, label } of testCourses(plan)) {
    const paint = childPainter(course, child, template)
    const sixth = brightVoxels(paint(landmarkVisit))
    labels.push(label)
    volumes.push(sixth)
    changes.push(sixth - brightVoxels(paint(0)))
  }
  return { volume: auroc(volumes, labels), volumeChange: auroc(changes, labels) }
}

/**
 * Area under the ROC curve: the chance that a child with an event scores above one without, ties counting half
 * (Hanley and McNeil 1982). NaN when one of the two kinds is missing.
 */
export function auroc(scores: readonly number[], labels: readonly boolean[]): number {
  const positive = scores.filter((_, i) => labels[i])
  const negative = scores.filter((_, i) => !labels[i])
  let wins = 0
  for (const a of positive) for (const b of negative) wins += a > b ? 1 : a === b ? 0.5 : 0
  return wins / (positive.length * negative.length)
}

function testCourses(plan: CohortPlan) {
  return planChildren(plan)
    .filter(({ test }) => test)
    .map((course) => {
      const child = drawCourse(course)
      return { course, child, label: landmarkLabel(child, landmarkVisit) === true }
    })
}

/** Voxels above mean + 3 standard deviations of the brain, both taken after a clip to the 1st and 98th percentile. */
function brightVoxels(image: Float32Array): number {
  const brain = image.filter((value) => value > 0).sort()
  const [low, high] = [brain[Math.floor(0.01 * brain.length)] ?? 0, brain[Math.floor(0.98 * brain.length)] ?? 0]
  let [sum, squares] = [0, 0]
  for (const value of brain) {
    const clipped = Math.min(high, Math.max(low, value))
    sum += clipped
    squares += clipped * clipped
  }
  const mean = sum / brain.length
  const threshold = mean + 3 * Math.sqrt(squares / brain.length - mean * mean)
  return brain.reduce((count, value) => count + (value > threshold ? 1 : 0), 0)
}
