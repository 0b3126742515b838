/** Phrases that readers had to read twice, and what to say. None is an ordinary word. */
const PUZZLING: readonly (readonly [phrase: RegExp, instead: string])[] = [
  [/\b(is|are|was|were) told\b|\btold as\b|\bunless told\b/, 'reported, reported as'],
  [/\btells (most of|of) (itself|its)/, 'contains, shows'],
  [/\bneeded but for\b|\bbut for (the|those|health|time|gates)\b/, 'except'],
  [/\bha(s|ve) (a|no) meaning\b|\bwithout a meaning\b/, 'applies, requires, does not apply'],
  [/\bnobody (meets|knows by)\b/, 'no program, unknown'],
  [/\b(left|leaves?|leaving) aside\b/, 'ignored, ignores'],
  [/\blike those to come\b/, 'representative'],
  [/\bnothing but\b/, 'only'],
  [/\bhow far values reach\b/, 'activation ranges'],
  [/\bof its time\b/, 'the time of what, relative to what'],
  [/\bof several the one\b|\bthe best that works\b/, 'the best provider that works'],
  [/\bmust be parted\b|\bparted servers\b/, 'separate'],
  [/\bcount(ed)? a model\b/, 'evaluate'],
  [/\bends? (its run )?unseen\b/, 'is discarded'],
  [/\bwithout a rest\b/, 'evenly'],
  [/\bnatively\b.* never\b/, 'on the CPU'],
  [/\bone an? (core|line|class|pixel|axis|skip|token)\b/, 'one per'],
  [/\bwhich flatters\b|\bthat chose nothing\b/, 'optimistic, test images'],
  [/\bgo(es)? before (what|those)\b/, 'takes precedence over'],
  [/\bbeside (each other|one another)\b/, 'side by side'],
  [/\bif not given\b/, '(default: ...)'],
  [/\bpassed over\b/, 'skipped'],
  [/\bno (mask|probability|text|number|list|object|file|image|model)s?, and\b/, 'is not a ...'],
  [/\bturns? (them|it|its logits) into some\b/, 'converts'],
  [/\bwhatever it is like\b/, 'regardless of its figures'],
  [/\bunder way\b/, 'in progress'],
  [/\b(is|are|was) none of\b/, 'is not one of'],
  [/\bsay(s)? which with\b/, 'choose one with'],
  [/(^|[.;:(|] ?)Of (a|an|each|two|several)\b/, 'for, in'],
  [/\b(is|are) lacking\b/, 'is missing'],
  [
    /\b(JSON|state dict|keys?) (cannot|does not|do not) tell\b|\bno key tells\b/,
    'cannot represent, does not show',
  ],
  [/\bno finite numbers?\b/, 'infinite or NaN'],
  [/\bgoes? on where\b/, 'resumes'],
  [/\bstands? (twice|beside)\b/, 'is listed twice, is next to'],
  [/\bgoes? before the\b/, 'takes precedence over'],
  [/\bput together by\b/, 'built from'],
];

/** What of a text puzzles, with what to say. */
export const puzzlesIn = (where: string, text: string): readonly string[] =>
  PUZZLING.flatMap(([phrase, instead]) => {
    const [found] = phrase.exec(text) ?? [];
    return found === undefined ? [] : [`${where}: '${found}', say: ${instead}`];
  });
