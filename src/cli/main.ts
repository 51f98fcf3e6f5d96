#!/usr/bin/env node
/**
 * Floor 8: the command line: arguments, configuration files, what people read. `sallyport --help` lists the commands.
 */
import {readFileSync} from 'node:fs';
import process from 'node:process';
import {Command} from 'commander';
import {SallyportError} from '../base/error.js';

const {version} = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {version: string};
const program = new Command('sallyport')
	.description('SRTP and S/MIME media gateway: sealed SDES calls, and no key twice')
	.version(version)
	.showHelpAfterError();
/** In the order of the help. A command is read in when it is called: most need a part of the product only. */
const commands: Readonly<Record<string, () => Promise<(program: Command) => void>>> = {
	serve: async () => (await import('./serve.js')).registerServeCommand,
	demo: async () => (await import('./demo/demo-command.js')).registerDemoCommand,
	conformance: async () => (await import('./conformance/index.js')).registerConformanceCommand,
	origin: async () => (await import('./origin/origin-command.js')).registerOriginCommand,
	audit: async () => (await import('./audit/audit-command.js')).registerAuditCommand,
	toolbox: async () => (await import('./toolbox/index.js')).registerToolboxCommand,
	policy: async () => (await import('./policy/policy-command.js')).registerPolicyCommand,
	smime: async () => (await import('./smime/smime-command.js')).registerSmimeCommand,
	cert: async () => (await import('./cert/cert-command.js')).registerCertCommand,
};
const called = process.argv[2] ?? '';
for (const name of Object.hasOwn(commands, called) ? [called] : Object.keys(commands)) {
	(await commands[name]?.())?.(program);
}

try {
	await program.parseAsync();
} catch (error) {
	if (!(error instanceof SallyportError)) {
		throw error;
	}

	process.stderr.write(`sallyport: ${error.message} (${error.code})\n`);
	process.exitCode = 1;
}
