import type { Conditions } from '../conditions.js';

/** What shards, their manifests, merging and bundles say. */
export const SRC_BATCH: Conditions = {
  'src/api/bundle.ts': {
    '…: expected …':
      'the format of a bundle is not one of the table (the command line refuses it itself), and these are those of it',
    '… shards, expected a whole number from 1 to …': 'shards is no whole number from 1 to 100,000',
    '… is not a reference of a container, such as host/nmode:1':
      'the image of a bundle has characters that no host, path, tag or digest has',
    "…: expected 1 to 40 of a-z and 0-9, with single '-' between":
      'the name of a bundled model is no label that Kubernetes takes, or longer than 40',
    '… is there already: remove it, or name another folder': 'a file of the bundle exists in its folder',
  },
  'src/api/merge.ts': {
    '…: expected a folder for what is merged': 'the output of merge is -',
    '…: it does not say how images were counted: count the shard again':
      'the first line of counts has no object under "about"',
    '…: no counts as eval writes them: …': 'counts were changed so that no report can be made of them',
  },
  'src/api/predict/predict-files.ts': {
    'standard output takes one mask, the model gives …': 'the output is -, and the model gives several masks',
  },
  'src/api/predict/predict-shard.ts': {
    '…: expected folders and files, in place of standard input and output':
      'a shard is to read standard input or to write to standard output',
    '…: masks among the images would become images of the list: name another folder for them':
      'the output of a shard is a folder that one of the images is in',
  },
  'src/api/predict/predict-tasks.ts': {
    '… names the files of one image: give no other images':
      'files of channels are told by name, and images or folders beside them',
    'no image is given': 'there are neither images nor files of channels',
    'standard input: more than 1 GiB': 'what comes from standard input is beyond 2^30 bytes',
    '… and … have one name, so that both would write …_mask: rename one':
      'two images at different paths have one name, but for extension and folder',
  },
  'src/batch/manifest.ts': {
    '…: a line of more than … bytes, which no manifest has':
      'no line feed is among 16 MiB of what is read as a manifest',
    'it is not in JSON': 'the first line of what is read as a manifest is not JSON',
    'it does not begin as one': 'the first line of what is read as a manifest has not all fields of a header',
    'it is of shard … by its first line':
      'the name of a manifest and its first line have different numbers of shards',
    '…: …, expected a manifest that predict or eval has written':
      'a file that is read as a manifest is none, or cannot be read',
  },
  'src/batch/merge.ts': {
    'no manifest is given': 'the list of manifests to merge is empty',
    '… and … are both of shard …: leave one out': 'two manifests at different paths are of one shard',
    'no manifest is of shard ……: run what is missing, or name its folder as well':
      'a shard of the split has no manifest among those that are merged',
    ' and … more': 'more than five shards have no manifest',
    '…: cannot be read: …': 'the file system refuses a manifest or a folder that is to be merged',
    '…: it holds no manifest of a shard, as predict and eval write them with a shard':
      'a folder that is to be merged has no file called as manifests are',
    '… is of …, and … of …: name the manifests of one': 'manifests of predict and of eval are to be merged',
    '… is of another run than …, …: run one of the two again as the other':
      'two manifests have different models, options, lists, providers or versions',
    '… and … are of splits into … and …, whose images overlap: name the manifests of one split':
      'two manifests of one run are of different numbers of shards',
    '… and the others name images that are not those of their list: run the shards again':
      'the hash of all images in the merged manifests is not that of their list',
    '…: shard … is not finished: run it again, and it resumes':
      'a manifest lacks its last line, or has other lines than its shard has images in their order',
  },
  'src/batch/parse-shard.ts': {
    '…: expected i/n, shard i of n counted from 0 (0/8 to 7/8), with n from 1 to …, or auto':
      'a shard is neither two whole numbers of which the first is below the second, nor auto',
    "…: Slurm's array is not a range (task … of …, from … to … in steps of …): where it repeats tasks of an earlier array, give … as they had it":
      'the identifiers of an array of Slurm have gaps of different sizes',
    '…: no scheduler says which shard this is (… are not set): give …':
      'no variable of a scheduler is in the environment',
    '…: both … and … are set: give …, or unset one': 'variables of two schedulers are in the environment',
    '…: …, or give …': 'a scheduler says which task this is, and not of how many',
    '…: … has … tasks in this array: give that, or auto alone':
      'the number of shards is given and is not that of the tasks',
    '…: … is …, and there are … tasks': 'the index of the task is not below the number of tasks',
    "…: … is '…', expected a whole number":
      'a variable of a scheduler is no whole number of at most nine digits',
  },
  'src/batch/shard-run.ts': {
    '… has no line': 'never: each image of a shard was done or failed before the manifest is written',
    '…: it is the manifest of another run, …: ask for the same as then, or give another folder':
      'the folder has a manifest of this name that differs in model, options, list, provider or version',
    'of shard …': 'the manifest of this name says that it is of another shard',
    '…: … is of another split, into …: give the same, or another folder':
      'the folder has a manifest of another number of shards, and no merged one',
  },
  'src/batch/written.ts': {
    '…: …: run its shard again, which writes it anew':
      'an output is not as its manifest says that it was written',
    'it is not there': 'an output that the manifest names is missing',
    'it has … bytes, … were written': 'an output has another size than when it was written',
    'it cannot be read: …': 'the file system refuses to read an output',
    'its bytes are not those that were written': 'an output has the size that it had, and another hash',
  },
  'src/bundles/triton.ts': {
    "'…' declares no sizes, which Triton's configuration requires: optimize the model, which infers them":
      'an input or output of the model has no shape',
    "'…' is of …, which Triton does not support":
      'an input or output of the model is of a type without one of Triton',
  },
  'src/cli/commands/eval.ts': {
    '--output is the folder for the counts of a shard: give --shard as well':
      '--output is given to eval, and no --shard',
  },
  'src/cli/commands/merge.ts': {
    '… of … images failed': 'a merged manifest has images that failed',
  },
  'src/cli/output/evaluation-text.ts': {
    '… of … files were not counted':
      'an image or mask had no partner or a pair failed; the second figure is these and the pairs that were counted',
  },
};
