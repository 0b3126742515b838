import { assumptionsText } from '../../../graph/common/assumption.js';
import { recipeSummary } from '../../../graph/common/recipe.js';
import type { SlimProgress } from '../../slimming/slim-options.js';
import { flagOf } from '../flags/flag-words.js';
import { note } from './notes.js';
import { withBar } from './progress.js';

/** What long work is watched by. */
interface Watching {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: SlimProgress) => void;
}

const PHASES: Readonly<Record<Exclude<SlimProgress['phase'], 'teacher'>, string>> = {
  images: 'images read',
  features: 'images seen by the teacher',
  fitting: 'steps',
  figures: 'images compared',
};

/** Slims a network: says first what is assumed, then has a bar for each phase. @throws as `interruptible` */
export async function withSlimProgress<T>(work: (watching: Watching) => Promise<T>): Promise<T> {
  return withBar('{bar} {value}/{total} {what}', (signal, bar) => {
    let phase: SlimProgress['phase'] | undefined;
    const onProgress = (progress: SlimProgress) => {
      if (progress.phase === 'teacher') {
        bar?.stop();
        return noteTeacher(progress);
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
  note(`recipe: ${recipeSummary(recipe)}`);
  const unproven = assumed.filter(({ verified }) => !verified);
  if (unproven.length > 0) note(`assumed: ${assumptionsText(unproven, flagOf)}`);
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
