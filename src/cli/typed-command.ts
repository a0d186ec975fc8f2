/**
 * Commands in messages as this user can type them: started by npm or npx, `waymark` is hardly on the PATH of the user's own shell, so `npx` goes before it.
 */
export function typedCommands(text: string, environment: Readonly<Record<string, string | undefined>>): string {
  const throughNpm = ['exec', 'start', 'run', 'run-script'].includes(environment['npm_command'] ?? '')
  return throughNpm
    ? text.replace(
        /(?<!npx |[\w./-])waymark (?=(?:run|resume|show|events|ls|where|checkpoints|stats|pin|unpin|export|import|verify|repair|items|requeue|report|reset|cleanup|pause|cancel|watch|keys|init|config|explain|completion|schema|help)\b)/g,
        'npx waymark ',
      )
    : text
}
