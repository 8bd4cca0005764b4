/**
 * Who may import whom, as data; the rules are generated from it. The table is STYLE's: change it in docs/architecture.md
 * and CONTRIBUTING.md too, and only when the design changes.
 */
import swcVisitor from '@swc/core/Visitor.js';

// The visitor through which dependency-cruiser reads TypeScript stops at `using`; teach it that this is a declaration.
const visitor = (swcVisitor.Visitor ?? swcVisitor).prototype;
const visitStatement = visitor.visitStatement;
visitor.visitStatement = function visitAnyStatement(statement) {
  if (statement.type !== 'UsingDeclaration') return visitStatement.call(this, statement);
  statement.decls = this.visitVariableDeclarators(statement.decls);
  return statement;
};

/** `errors` may be imported everywhere and imports nothing; `main.ts` and what else lies beside the modules may import everything. */
export const ALLOWED_IMPORTS = {
  errors: [],
  telemetry: [],
  config: [],
  model: [],
  redis: [],
  manifest: ['model'],
  decryption: ['model', 'manifest'],
  credentials: ['model'],
  verification: [],
  webhook: ['model'],
  artifact: ['model'],
  git: ['model', 'credentials'],
  'commit-status': ['model', 'credentials', 'expression'],
  expression: [],
  health: ['model', 'manifest', 'expression'],
  kube: ['model'],
  render: ['model', 'manifest'],
  apply: ['model', 'manifest', 'expression', 'health', 'kube'],
  queue: ['model', 'redis'],
  'push-record': ['model', 'redis'],
  receiver: ['model', 'expression', 'webhook', 'kube', 'queue', 'push-record'],
  sync: [
    'model',
    'git',
    'artifact',
    'credentials',
    'decryption',
    'verification',
    'render',
    'manifest',
    'health',
    'kube',
    'apply',
    'queue',
    'push-record',
    'telemetry',
  ],
  worker: ['model', 'queue', 'sync', 'webhook', 'commit-status', 'kube', 'push-record', 'telemetry'],
  watch: ['model', 'kube', 'apply', 'health', 'queue', 'telemetry'],
  http: ['model', 'webhook', 'artifact', 'kube', 'queue', 'push-record', 'telemetry'],
};

/** Every package with a life of its own has an owner; packages that are not listed (zod) may be used anywhere. */
export const PACKAGE_OWNERS = {
  '@kubernetes/client-node': ['kube'],
  '@marcbachmann/cel-js': ['expression'],
  '@octokit/auth-app': ['commit-status', 'credentials'],
  '@octokit/core': ['commit-status', 'credentials'],
  '@octokit/webhooks': ['webhook'],
  'age-encryption': ['decryption'],
  bullmq: ['queue'],
  'close-with-grace': [],
  fastify: ['http'],
  ignore: ['git'],
  ioredis: ['redis'],
  'isomorphic-git': ['git'],
  'js-yaml': ['manifest'],
  openpgp: ['decryption', 'verification'],
  pino: ['telemetry'],
  'prom-client': ['telemetry'],
  'tar-stream': ['artifact'],
  undici: ['git', 'kube', 'commit-status', 'artifact'],
};

/** Modules that decide and never act. */
const PURE_MODULES = ['model', 'webhook', 'expression', 'health', 'manifest'];
const IO_OF_NODE = 'child_process|cluster|dgram|dns|fs|http|http2|https|net|tls|worker_threads';

/** `main.ts` and its parts lie beside the modules and wire them. */
const COMPOSITION_ROOT = '^src/[^/]+\\.ts$';

const anyOf = (names) => `(?:${names.join('|')})`;
const toPattern = (text) => text.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');

const importRules = Object.entries(ALLOWED_IMPORTS).map(([module, allowed]) => ({
  name: `${module}-may-import`,
  severity: 'error',
  comment: `${module} may import: ${['errors', ...allowed].join(', ')}. Take what you need as a parameter, or move the code to the module that owns it.`,
  from: { path: `^src/${module}/` },
  to: { path: '^src/', pathNot: `^src/${anyOf([module, 'errors', ...allowed])}/` },
}));

const packageRules = Object.entries(PACKAGE_OWNERS).map(([name, owners]) => ({
  name: `only-${owners.join('-or-') || 'main'}-uses-${name.replaceAll('/', '-').replace('@', '')}`,
  severity: 'error',
  comment: `${name} belongs to ${owners.join(', ') || 'main.ts'}. Ask that module for what you need, in our own words.`,
  from: { path: '^src/', pathNot: anyOf([COMPOSITION_ROOT, ...owners.map((owner) => `^src/${owner}/`)]) },
  to: { path: `(?:^|node_modules/)${toPattern(name)}(?:/|$)` },
}));

const generalRules = [
  {
    name: 'every-module-has-a-rule',
    severity: 'error',
    comment: 'This folder is missing in ALLOWED_IMPORTS. Add it there, in words first.',
    from: { path: '^src/[^/]+/', pathNot: `^src/${anyOf(Object.keys(ALLOWED_IMPORTS))}/` },
    to: {},
  },
  {
    name: 'no-circular',
    severity: 'error',
    comment: 'Modules in a circle cannot be understood one by one. Move what both need into a file of its own.',
    from: { path: '^src/' },
    to: { circular: true },
  },
  {
    name: 'no-deep-path',
    severity: 'error',
    comment: 'Modules are one level of folders: ./x.ts inside, ../module/x.ts across.',
    from: { path: '^src/' },
    to: { path: '^src/[^/]+/[^/]+/' },
  },
  {
    name: 'src-never-imports-test',
    severity: 'error',
    comment: 'What is shipped stands alone. Move the code into src, or do without it.',
    from: { path: '^src/' },
    to: { path: '^(?:test|bench|demo|scripts)/' },
  },
  {
    name: 'no-dev-dependency-in-src',
    severity: 'error',
    comment: 'The package would be missing where Hawser runs. List it under dependencies.',
    from: { path: '^src/' },
    to: { dependencyTypes: ['npm-dev'], dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'no-unresolvable',
    severity: 'error',
    comment: 'The import leads nowhere: a typing error, or a package that is not listed.',
    from: { path: '^src/' },
    to: { couldNotResolve: true },
  },
  {
    name: 'pure-modules-do-no-io',
    severity: 'error',
    comment: 'This module decides; let an adapter read or write and hand the data in.',
    from: { path: `^src/${anyOf(PURE_MODULES)}/` },
    to: { path: `^(?:node:)?(?:${IO_OF_NODE})(?:/|$)`, dependencyTypes: ['core'] },
  },
];

export default {
  forbidden: [...importRules, ...packageRules, ...generalRules],
  options: {
    doNotFollow: { path: 'node_modules' },
    // Without swc nothing can read TypeScript 7, and an empty cruise passes every rule: test/unit/house looks for that.
    parser: 'swc',
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.js', '.json'],
    },
    reporterOptions: { mermaid: { minify: false }, text: { highlightFocused: true } },
  },
};
