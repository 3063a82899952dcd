/** The front door: all that users of the adapter see. */
export type { TemplateOptions } from './options.ts'
export { openTemplate } from './template.ts'
