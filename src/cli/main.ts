#!/usr/bin/env node
/**
 * Floor 8: the command line: arguments, configuration files, what people read. `sallyport --help` lists the commands.
 */
import {readFileSync} from 'node:fs';
import process from 'node:process';
import {Command} from 'commander';
import {SallyportError} from '../base/error.js';
import {registerAuditCommand} from './audit/audit-command.js';
import {registerCertCommand} from './cert/cert-command.js';
import {registerConformanceCommand} from './conformance/index.js';
import {registerDemoCommand} from './demo/demo-command.js';
import {registerOriginCommand} from './origin/origin-command.js';
import {registerPolicyCommand} from './policy/policy-command.js';
import {registerServeCommand} from './serve.js';
import {registerSmimeCommand} from './smime/smime-command.js';
import {registerToolboxCommand} from './toolbox/index.js';

const {version} = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {version: string};
const program = new Command('sallyport')
	.description('SRTP and S/MIME media gateway: sealed SDES calls, and no key twice')
	.version(version)
	.showHelpAfterError();
registerServeCommand(program);
registerDemoCommand(program);
registerConformanceCommand(program);
registerOriginCommand(program);
registerAuditCommand(program);
registerToolboxCommand(program);
registerPolicyCommand(program);
registerSmimeCommand(program);
registerCertCommand(program);

try {
	await program.parseAsync();
} catch (error) {
	if (!(error instanceof SallyportError)) {
		throw error;
	}

	process.stderr.write(`sallyport: ${error.message} (${error.code})\n`);
	process.exitCode = 1;
}
