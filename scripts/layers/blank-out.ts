/** A slash after one of these begins a regular expression; after anything else it divides. */
const beforeRegExp = /(?:^|[([{},;:=!&|?+\-*%^~<>]|\b(?:return|typeof|case|in|of|delete|void|throw|await|yield|else|do))\s*$/

const comment = /\/\/[^\n]*|\/\*[\s\S]*?(?:\*\/|$)/y
const quoted = /'(?:\\.|[^'\\\n])*'?|"(?:\\.|[^"\\\n])*"?/y
const regExp = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/y
/** Text of a template from its backtick, or from the brace that closes a substitution, to its end or to the next substitution. */
const templateText = /[`}](?:\\[\s\S]|\$(?!\{)|[^`\\$])*(?:`|\$\{|$)/y

/**
 * The source with comments, template texts and regular expressions blanked out: same length, same lines, and what still looks
 * like an import statement is one. Strings stay, since they hold the specifiers.
 */
export function blankOut(source: string): string {
  let code = ''
  /** For each open `${`, how many braces are open inside it. */
  const substitutions: number[] = []

  const take = (pattern: RegExp): string => {
    pattern.lastIndex = code.length
    return pattern.exec(source)?.[0] ?? ''
  }
  const takeTemplateText = () => {
    const text = take(templateText)
    if (text.endsWith('${')) substitutions.push(0)
    code += blank(text)
  }

  while (code.length < source.length) {
    const char = source.charAt(code.length)
    const open = substitutions.length - 1
    if (char === '`') takeTemplateText()
    else if (char === '}' && substitutions[open] === 0) {
      substitutions.pop()
      takeTemplateText()
    } else if (char === "'" || char === '"') code += take(quoted)
    else if (char === '/') code += blank(take(comment) || (beforeRegExp.test(code) ? take(regExp) : '')) || char
    else {
      if (char === '{' && open >= 0) substitutions[open] = (substitutions[open] ?? 0) + 1
      if (char === '}' && open >= 0) substitutions[open] = (substitutions[open] ?? 0) - 1
      code += char
    }
  }
  return code
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ')
}
