import process from 'node:process';
import type {Command} from 'commander';
import {SallyportError, systemCodeOf} from '../../base/error.js';
import {type AuditVerdict, verifyAudit} from '../../trusted/toolbox/alerts/verify-audit.js';

type VerifyOptions = {readonly first: string; readonly json?: boolean};

/** `sallyport audit`: is the audit log whole? */
export function registerAuditCommand(program: Command): void {
	const audit = program.command('audit').description('look after the audit log (docs/alerts.md)');
	audit
		.command('verify <file>')
		.description('find changed, removed and moved records, and a tail that was cut off; exits 1 where there is one')
		.option('--first <number>', 'record that must be the first; those before it are kept elsewhere', '1')
		.option('--json', 'print JSON')
		.action((file: string, {first, json = false}: VerifyOptions) => {
			const verdict = verify(file, Number(first));
			process.stdout.write(json ? `${JSON.stringify(verdict)}\n` : `${sentenceOf(file, verdict)}\n`);
			process.exitCode = verdict.ok ? 0 : 1;
		});
}

function verify(file: string, first: number): AuditVerdict {
	if (!Number.isSafeInteger(first) || first < 1) {
		throw new SallyportError('BAD_OPTIONS', 'Expected the number of a record for --first.');
	}

	try {
		return verifyAudit(file, first);
	} catch (cause) {
		const code = systemCodeOf(cause) ?? 'a failure';
		throw new SallyportError('AUDIT_UNREADABLE', `Expected to read the audit log ${file}, got ${code}.`, {cause});
	}
}

function sentenceOf(file: string, verdict: AuditVerdict): string {
	return verdict.ok
		? `${file}: whole, ${verdict.records} records, ${verdict.first} to ${verdict.last}`
		: `${verdict.file}:${verdict.line}: ${verdict.why}`;
}
