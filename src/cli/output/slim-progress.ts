import { recipeSummary } from '../../../graph/recipe/recipe.js';
import type { SlimOptions, SlimProgress } from '../../slimming/slim-options.js';
import { assumedLine } from './fields.js';
import { paragraph, printable } from './print.js';
import { withBar } from './progress.js';

/** What long work is watched by. */
type Watching = Required<Pick<SlimOptions, 'signal' | 'onProgress'>>;

const PHASES: Readonly<Record<Exclude<SlimProgress['phase'], 'teacher'>, string>> = {
  images: 'images read',
  features: 'images seen by the teacher',
  fitting: 'steps',
  figures: 'images compared',
};

/**
 * Slims a network: says first what is assumed, then has a bar for each phase.
 * @param json for what a program reads, where the report alone says it
 * @throws as `interruptible`
 */
export async function withSlimProgress<T>(
  json: true | undefined,
  work: (watching: Watching) => Promise<T>,
): Promise<T> {
  return withBar('{bar} {value}/{total} {what}', (signal, bar) => {
    let phase: SlimProgress['phase'] | undefined;
    const onProgress = (progress: SlimProgress) => {
      if (progress.phase === 'teacher') {
        bar?.stop();
        if (!json) noteTeacher(progress);
        return;
      }
      const isFitting = progress.phase === 'fitting';
      const [done, total] = isFitting ? [progress.step, progress.steps] : [progress.done, progress.total];
      const what = `${PHASES[progress.phase]}${isFitting ? fittingText(progress) : ''}`;
      if (progress.phase !== phase) {
        bar?.start(total, done, { what });
        phase = progress.phase;
      }
      bar?.update(done, { what });
    };
    return work({ signal, onProgress });
  });
}

function noteTeacher({ recipe, assumed }: SlimProgress & { phase: 'teacher' }): void {
  const unproven = assumedLine(assumed.filter(({ verified }) => !verified));
  const lines = [paragraph(`recipe: ${recipeSummary(recipe)}`), ...(unproven === '' ? [] : [unproven])];
  process.stderr.write(`${printable(lines.join('\n'))}\n`);
}

function fittingText({ loss, agreement, secondsLeft }: SlimProgress & { phase: 'fitting' }): string {
  const agreed = agreement === undefined ? '' : `, agreement ${agreement.toFixed(4)}`;
  return `, loss ${loss.toFixed(4)}${agreed}, ${timeText(secondsLeft)} left`;
}

/** '1:05' of 65 seconds. */
function timeText(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
