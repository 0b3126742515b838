/** A thread that is lost as soon as it starts. */
throw new Error('it does not start');
