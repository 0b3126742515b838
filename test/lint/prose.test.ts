import { execFileSync } from 'node:child_process';
import { describe, expect, it } from '@jest/globals';
import type { Command } from 'commander';
import { allTemplates } from '../messages/templates.js';
import { allCommands } from '../support/commands.js';
import { root } from '../support/fixtures.js';
import { PAGES, readPage } from '../support/markdown.js';
import { puzzlesIn } from '../support/puzzling.js';

/** The text of a page that is neither code nor output. */
const proseOf = (page: string): string =>
  readPage(page)
    .replaceAll(/^( *)```[\s\S]*?^\1```$/gm, '')
    .replaceAll(/`[^`\n]*`/g, '');

const describedBy = (command: Command): readonly string[] => [
  command.description(),
  ...command.registeredArguments.map(({ description }) => description),
  ...command.options.map(({ description }) => description),
];

describe('no puzzling phrase is', () => {
  it.each(PAGES)('in %s', (page) => {
    const lines = proseOf(page).split('\n');
    expect(lines.flatMap((line) => puzzlesIn(page, line))).toEqual([]);
  });

  it('in --help', () => {
    const found = allCommands().flatMap((command) =>
      describedBy(command).flatMap((text) => puzzlesIn(`nmode ${command.name()} --help`, text)),
    );
    expect(found).toEqual([]);
  });

  it('in a message', () => {
    const found = [...allTemplates()].flatMap(([file, texts]) =>
      texts.flatMap((text) => puzzlesIn(file, text)),
    );
    expect(found).toEqual([]);
  });
});

/** Of how many commits the subjects are read: those that are under review. */
const COMMITS = 20;

it('the last commits say what they do as `area: imperative`', () => {
  const log = ['log', '--no-merges', `-${COMMITS}`, '--format=%s'];
  const subjects = execFileSync('git', log, { cwd: root, encoding: 'utf8' }).trim().split('\n');
  expect(subjects.filter((subject) => !/^[a-z][\w ,./-]*: [a-z]/.test(subject))).toEqual([]);
  expect(subjects.flatMap((subject) => puzzlesIn('git log', subject))).toEqual([]);
});
