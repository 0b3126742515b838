import { existsSync } from 'node:fs';

/** Debian's Chromium brings SwiftShader, a Vulkan driver in software: WebGPU without a graphics card. */
const SWIFTSHADER = '/usr/lib/chromium/vk_swiftshader_icd.json';

/** Native libraries see only what is in the environment when Jest's processes start. */
export default function setUp() {
  if (!existsSync(SWIFTSHADER)) return;
  process.env.VK_DRIVER_FILES ??= SWIFTSHADER;
  process.env.VK_ICD_FILENAMES ??= SWIFTSHADER;
}
