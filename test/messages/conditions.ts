/** By file, by template: what holds whenever the message is given. */
export type Conditions = Readonly<Record<string, Readonly<Record<string, string>>>>;
