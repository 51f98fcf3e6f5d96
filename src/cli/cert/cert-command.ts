import process from 'node:process';
import type {Command} from 'commander';
import {SallyportError} from '../../base/error.js';
import type {CertificateAuthority, IssueRequest, KeyType} from '../../trusted/certificates/certificate-authority.js';
import {isRevocationReason} from '../../trusted/certificates/revocation-list-writer.js';
import {demandNoFiles, writeNewFile} from '../files.js';
import {
	type KeyPassphraseOptions,
	ofKey,
	openWithPassphrase,
	type PassphraseOptions,
	readNewPassphrase,
	withPassphraseOptions,
} from '../passphrases.js';
import {claimState} from '../state-claim.js';
import {AuthorityFolder} from './authority-folder.js';
import {inspectFile} from './inspect-file.js';
import type {IssuedCertificate} from './issued-log.js';
import {registerPkcs12Commands} from './pkcs12-commands.js';

type FolderOptions = PassphraseOptions & {
	readonly directory: string;
	readonly json?: boolean;
};
type IssueOptions = FolderOptions &
	KeyPassphraseOptions & {
		readonly out?: string;
		readonly days?: string;
		readonly name?: string;
		readonly keyType?: string;
		readonly crlUrl?: string;
		readonly clearKey?: boolean;
		readonly revokeOld?: boolean;
	};

/** `sallyport cert`: a small certificate authority for the users and domains of one operator (docs/certificates.md). */
export function registerCertCommand(program: Command): void {
	const cert = program.command('cert').description('issue, revoke and look at certificates (docs/certificates.md)');
	const onFolder = (words: string, description: string) =>
		cert
			.command(words)
			.description(description)
			.option('-d, --directory <folder>', 'folder of the authority', 'authority')
			.option('--json', 'print JSON');
	const unlocking = (words: string, description: string) =>
		withPassphraseOptions(onFolder(words, description), "the authority's key");
	const issuing = (words: string, description: string) =>
		withPassphraseOptions(unlocking(words, description), 'the new key', 'key-')
			.option('-o, --out <prefix>', 'write PREFIX.pem and PREFIX.key')
			.option('--days <days>', 'days that it is valid', '90')
			.option('--key-type <type>', 'p-256 or rsa-3072', 'p-256')
			.option('--crl-url <url>', 'HTTP URL under which the revocation list will be found')
			.option('--clear-key', 'leave the new key unencrypted, as a gateway that starts by itself needs it');

	unlocking('ca', 'make an authority: its certificate is the anchor to configure')
		.option('--name <name>', 'its common name', 'Sallyport CA')
		.option('--days <days>', 'days that it is valid', '3650')
		.option('--clear-key', 'leave its key unencrypted')
		.action(makeAuthority);
	issuing('issue <uri...>', 'make a key, and certify sip:user@host, or sip:host for a domain')
		.option('--name <name>', 'common name')
		.action((uris: readonly string[], options: IssueOptions) =>
			onAuthority(options, async (folder, authority) =>
				issue(options, folder, authority, {uris, ...(options.name !== undefined && {commonName: options.name})}),
			),
		);
	issuing('renew <certificate>', 'make a new key and certify the same addresses; by serial number, file or address')
		.option('--revoke-old', 'revoke the old one as superseded')
		.action((what: string, options: IssueOptions) =>
			onAuthority(options, async (folder, authority) => {
				const {uris, commonName, serialNumber} = folder.find(what);
				await issue(options, folder, authority, {uris, commonName});
				if (options.revokeOld === true) {
					folder.revoke(authority, serialNumber, 'superseded');
				}
			}),
		);
	unlocking('revoke <certificate>', 'revoke by serial number, file or address, and write the revocation list')
		.option('--reason <reason>', 'such as key-compromise, superseded, cessation-of-operation', 'unspecified')
		.action((what: string, options: FolderOptions & {readonly reason: string}) =>
			onAuthority(options, async (folder, authority) => {
				const {reason} = options;
				if (!isRevocationReason(reason)) {
					throw new SallyportError('BAD_ARGUMENTS', 'Expected a reason of RFC 5280 §5.3.1 for `--reason`.');
				}

				const revoked = folder.revoke(authority, what, reason);
				say(options, revoked, [`revoked ${lineOf(revoked)}`, `wrote ${folder.listPath}`]);
			}),
		);
	unlocking('crl', 'write the revocation list anew, before it runs out')
		.option('--days <days>', 'days that it is current', '30')
		.action((options: FolderOptions & {readonly days: string}) =>
			onAuthority(options, async (folder, authority) => {
				const {number, nextUpdateMs} = folder.renewList(authority, Number(options.days));
				const until = new Date(nextUpdateMs).toISOString();
				say(options, {number, until}, [`wrote ${folder.listPath}, number ${number}, current until ${until}`]);
			}),
		);
	onFolder('list', 'list what was issued').action((options: FolderOptions) => {
		const {issued} = AuthorityFolder.open(options.directory);
		say(options, issued, issued.map(lineOf));
	});
	cert
		.command('inspect <file>')
		.description('say what a file holds: certificates, revocation lists, keys by their kind')
		.option('--json', 'print JSON')
		.action((file: string, options: {readonly json?: boolean}) => {
			const found = inspectFile(file);
			say(
				options,
				found,
				found.flatMap(({kind, fields}) => [
					kind,
					...Object.entries(fields).map(([name, value]) => `  ${name}: ${value}`),
				]),
			);
		});
	registerPkcs12Commands(cert);
}

async function makeAuthority(
	options: FolderOptions & {readonly name: string; readonly days: string; readonly clearKey?: boolean},
): Promise<void> {
	const passphrase = await readNewPassphrase(options, "the authority's key", '--passphrase-file');
	const folder = await AuthorityFolder.create(options.directory, {
		commonName: options.name,
		validityDays: daysOf(options.days),
		...(passphrase !== undefined && {passphrase}),
	});
	say(options, {directory: options.directory, certificate: folder.certificatePem, revocationList: folder.listPath}, [
		`made the authority ${options.name} in ${options.directory}: ca.pem is the anchor to configure`,
	]);
}

/** Without a passphrase where the key is not encrypted; a wrong one is said to be wrong, and no more. */
async function onAuthority(
	options: FolderOptions,
	work: (folder: AuthorityFolder, authority: CertificateAuthority) => Promise<void>,
): Promise<void> {
	const claim = await claimState(options.directory);
	try {
		const folder = AuthorityFolder.open(options.directory);
		const authority = await openWithPassphrase(options, "the authority's key", (passphrase) =>
			folder.unlock(passphrase),
		);
		await work(folder, authority);
	} finally {
		await claim.release();
	}
}

async function issue(
	options: IssueOptions,
	folder: AuthorityFolder,
	authority: CertificateAuthority,
	what: Pick<IssueRequest, 'uris' | 'commonName'>,
): Promise<void> {
	const prefix = options.out ?? fileNameOf(what.uris[0] ?? '');
	demandNoFiles(`${prefix}.key`, `${prefix}.pem`);
	const passphrase = await readNewPassphrase(
		{...ofKey(options), clearKey: options.clearKey},
		'the new key',
		'--key-passphrase-file',
	);
	const request: IssueRequest = {
		...what,
		validityDays: daysOf(options.days),
		keyType: keyTypeOf(options.keyType),
		...(options.crlUrl !== undefined && {revocationListUrl: options.crlUrl}),
		...(passphrase !== undefined && {passphrase}),
	};
	const issued = await folder.issue(authority, request).catch((error: unknown) => {
		throw error instanceof RangeError ? new SallyportError('BAD_ARGUMENTS', error.message) : error;
	});
	writeNewFile(`${prefix}.key`, issued.privateKeyPem);
	writeNewFile(`${prefix}.pem`, issued.certificatePem, 0o644);
	say(options, {...issued.record, certificate: `${prefix}.pem`, privateKey: `${prefix}.key`}, [
		`issued ${lineOf(issued.record)}`,
		`wrote ${prefix}.pem and ${prefix}.key`,
	]);
}

function daysOf(text = '90'): number {
	const days = Number(text);
	if (!Number.isInteger(days) || days < 1 || days > 36_500) {
		throw new SallyportError('BAD_ARGUMENTS', `Expected 1 to 36500 for \`--days\`, got ${JSON.stringify(text)}.`);
	}

	return days;
}

function keyTypeOf(text = 'p-256'): KeyType {
	if (text !== 'p-256' && text !== 'rsa-3072') {
		throw new SallyportError('BAD_ARGUMENTS', 'Expected `p-256` or `rsa-3072` for `--key-type`.');
	}

	return text;
}

/** `alice@example.com` of `sip:alice@example.com`; nothing that leaves the folder. */
function fileNameOf(uri: string): string {
	return uri
		.replace(/^sips?:/i, '')
		.replace(/[^\w.@+-]/g, '_')
		.replace(/^[.-]+/, '_');
}

function lineOf({serialNumber, uris, notAfterMs, revokedAtMs, reason}: IssuedCertificate): string {
	const state =
		revokedAtMs !== undefined
			? `revoked ${new Date(revokedAtMs).toISOString()} (${reason})`
			: notAfterMs < Date.now()
				? 'expired'
				: 'in force';
	return `${serialNumber} ${uris.join(' ')} until ${new Date(notAfterMs).toISOString()}: ${state}`;
}

function say({json = false}: {readonly json?: boolean}, value: unknown, lines: readonly string[]): void {
	process.stdout.write(json ? `${JSON.stringify(value)}\n` : lines.map((line) => `${line}\n`).join(''));
}
