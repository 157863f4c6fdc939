const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 22 || (major === 22 && minor < 19)) {
  throw new Error(`the tests need Node 22.19 or newer, and found ${process.versions.node}: install Node 24`);
}

export default {
  testEnvironment: 'node',
  // For hangs, not for speed: machines are slow and shared.
  testTimeout: 60_000,
  roots: ['<rootDir>/test'],
  testPathIgnorePatterns: ['<rootDir>/test/live/'],
  extensionsToTreatAsEsm: ['.ts'],
  transform: { '^.+\\.ts$': '<rootDir>/hack/jest-esbuild.cjs' },
};
