import type { SlimProgress } from '../../slimming/slim-options.js';
import { withBar } from './progress.js';

/** What long work is watched by. */
interface Watching {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: SlimProgress) => void;
}

const PHASES: Readonly<Record<SlimProgress['phase'], string>> = {
  images: 'images read',
  features: 'images seen by the teacher',
  fitting: 'steps',
  figures: 'images compared',
};

/** Slims a network, with a bar for each phase. @throws as `interruptible` */
export async function withSlimProgress<T>(work: (watching: Watching) => Promise<T>): Promise<T> {
  return withBar('{bar} {value}/{total} {what}', (signal, bar) => {
    let phase: SlimProgress['phase'] | undefined;
    const onProgress = (progress: SlimProgress) => {
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

function fittingText({ loss, agreement, secondsLeft }: SlimProgress & { phase: 'fitting' }): string {
  const agreed = agreement === undefined ? '' : `, agreement ${agreement.toFixed(4)}`;
  return `, loss ${loss.toFixed(4)}${agreed}, ${timeText(secondsLeft)} left`;
}

/** '1:05' of 65 seconds. */
function timeText(seconds: number): string {
  const whole = Math.ceil(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, '0')}`;
}
