/** `piecework completion SHELL`: what a shell has to know to complete commands, flags and their values. */
import { bashScript } from '../completion/bash.ts'
import { fishScript } from '../completion/fish.ts'
import type { Words } from '../completion/words.ts'
import { zshScript } from '../completion/zsh.ts'
import { type Output, write } from '../output.ts'

const scripts = { bash: bashScript, zsh: zshScript, fish: fishScript } as const

export type Shell = keyof typeof scripts

export const shells = Object.keys(scripts) as Shell[]

export async function completion(shell: Shell, words: Words, output: Output): Promise<void> {
  await write(output, [scripts[shell](words)])
}
