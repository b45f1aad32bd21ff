// Which part may know which. docs: ARCHITECTURE.md, "Who may import whom".

const pureFolders = '^(shared/(weights|model|evaluation)/|coordinator/(run|strategy)/)'
const tests = '\\.(test|contract)\\.ts$|/testsupport/'

export default {
  forbidden: [
    {
      name: 'no-cycles',
      severity: 'error',
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'shared-knows-nobody',
      severity: 'error',
      from: { path: '^shared/', pathNot: tests },
      to: { path: '^(coordinator|site-agent|demo|bench|benchmark|deploy|test)/' },
    },
    {
      name: 'coordinator-does-not-know-the-site-agent',
      severity: 'error',
      from: { path: '^coordinator/', pathNot: tests },
      to: { path: '^(site-agent|demo|bench|benchmark|test)/' },
    },
    {
      name: 'site-agent-does-not-know-the-coordinator',
      severity: 'error',
      from: { path: '^site-agent/', pathNot: `^site-agent/imaging/templates/|${tests}` },
      to: { path: '^(coordinator|demo|bench|benchmark|test)/' },
    },
    {
      name: 'coordinator-never-loads-the-engine',
      severity: 'error',
      from: { path: '^(coordinator|shared)/', pathNot: tests },
      to: { path: '@tensorflow', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-the-engine-files-know-the-backend',
      severity: 'error',
      from: { path: '^site-agent/', pathNot: `^site-agent/learning/(engine|kernels)\\.ts$|${tests}` },
      to: { path: '@tensorflow/tfjs-node' },
    },
    {
      name: 'pure-folders-touch-no-platform',
      severity: 'error',
      from: { path: pureFolders, pathNot: tests },
      to: { dependencyTypes: ['core'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'imaging-computes-without-disk-or-engine',
      severity: 'error',
      from: {
        path: '^site-agent/imaging/',
        pathNot: `^site-agent/imaging/((scan-file|template|prepared|kept-json|kept-registrations|kept-brains|brain-network-file|joined-volumes|preparation-pool)\\.ts$|templates/)|${tests}`,
      },
      to: {
        path: '^(node:)?(fs|fs/promises|zlib|path|net|tls|http|https|http2|child_process)$|@tensorflow',
        dependencyTypesNot: ['type-only'],
      },
    },
    {
      name: 'registration-runs-in-a-process-of-its-own',
      comment: 'elastix may take its process down; only the program of that process loads it',
      severity: 'error',
      from: { path: '^site-agent/', pathNot: `^site-agent/imaging/(elastix|preparation-worker)\\.ts$|${tests}` },
      to: { path: '@itk-wasm/elastix|^site-agent/imaging/elastix\\.ts$' },
    },
    {
      name: 'pure-folders-touch-no-network',
      severity: 'error',
      from: { path: pureFolders, pathNot: tests },
      to: { path: '@grpc|shared/gen' },
    },
    {
      name: 'only-the-client-opens-connections-outward',
      severity: 'error',
      from: {
        path: '^site-agent/',
        pathNot: `^site-agent/(coordinator-client|enrolment-client|tls-probe)\\.ts$|^site-agent/rpc/|^site-agent/dicomweb/pacs-connection\\.ts$|${tests}`,
      },
      to: { path: '^(net|tls|http|https|http2|dgram)$|@grpc' },
    },
    {
      name: 'only-the-pages-of-view-serve-a-browser',
      severity: 'error',
      from: { path: '^site-agent/', pathNot: `^site-agent/bedside/view/|${tests}` },
      to: { path: 'node_modules/(fastify|@fastify)' },
    },
    {
      name: 'domain-does-not-know-adapters',
      severity: 'error',
      from: { path: '^coordinator/(run|strategy|admission)/', pathNot: tests },
      to: { path: '^coordinator/(rpc|admin|authority)/' },
    },
    {
      name: 'shared-opens-nothing',
      severity: 'error',
      from: { path: '^shared/', pathNot: tests },
      to: { path: '^(node:)?(fs|fs/promises|net|tls|http|https|http2|child_process)$' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: 'shared/launch\\.mjs' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.mjs', '.js'],
      conditionNames: ['import', 'require', 'node', 'default'],
    },
  },
}
