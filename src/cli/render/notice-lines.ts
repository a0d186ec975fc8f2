import { type Line, line } from './screen.ts'

/** What is wrong with a store besides what was asked: of a damaged segment, say, what it held is not in a list. */
export const noticeLines = (notices: readonly string[]): Line[] => notices.map(notice => line(`note  ${notice}`, 'waiting'))
