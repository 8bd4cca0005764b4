import { listVariables, type Variable } from '../src/config/list-variables.ts';
import type { GeneratedFile } from './generated-file.ts';

const HEADER = `# Every variable that Hawser reads, with its default. Generated from src/config by 'npm run generate'. Do not edit.
# Copy this file to .env, remove the # before what you set, and run: node --env-file=.env src/main.ts
`;

/** `.env.example`: a template for people who run Hawser outside a cluster. */
export function generateEnvExample(): Promise<GeneratedFile[]> {
  const content = [HEADER, ...listVariables().map(toLines)].join('\n');
  return Promise.resolve([{ path: '.env.example', content }]);
}

function toLines({ name, description, default: value, secret }: Variable): string {
  const file = secret ? ` Or name a file that holds it: ${name}_FILE.` : '';
  return `# ${description.replaceAll('`', '')}${file}\n#${name}=${value ?? ''}\n`;
}
