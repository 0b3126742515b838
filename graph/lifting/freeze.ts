import { IR_OF_OWN_INITIALIZERS, type Model } from '../ir/model.js';

/** A model whose initializers are constants: those that are inputs as well are none any more. */
export function frozen(model: Model): Model {
  const { graph, irVersion } = model;
  const inputs = graph.inputs.filter(({ name }) => !graph.initializers.has(name));
  if (inputs.length === graph.inputs.length && irVersion >= IR_OF_OWN_INITIALIZERS) return model;
  return {
    ...model,
    irVersion: Math.max(irVersion, IR_OF_OWN_INITIALIZERS),
    graph: { ...graph, inputs },
  };
}

/** A model whose initializers are no inputs where these are its constants by definition: before IR version 4. */
export const withConstantsAlone = (model: Model): Model =>
  model.irVersion < IR_OF_OWN_INITIALIZERS ? frozen(model) : model;
