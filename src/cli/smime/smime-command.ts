import {writeFileSync} from 'node:fs';
import process from 'node:process';
import type {Command} from 'commander';
import {SallyportError, systemCodeOf} from '../../base/error.js';
import {readCertificates} from '../../trusted/certificates/credential.js';
import {NativeCertificateValidator} from '../../trusted/certificates/native-certificate-validator.js';
import type {OpenCmsProvider} from '../../trusted/smime/open-cms-provider.js';
import {type MimeEntity, writeMimeEntity} from '../../wire/mime/entity.js';
import {withPassphraseOptions} from '../passphrases.js';
import {exitCodes} from './exit-codes.js';
import {type KeyOptions, openProvider, readRecipients} from './keys.js';
import {nameOfInput, readContent, readEntity, readOctets} from './read-input.js';
import {inWords, recipientsInWords} from './report.js';
import {unwrap} from './unwrap.js';
import {encryptEntity, signEntity} from './wrap.js';

type CommonOptions = KeyOptions & {readonly out?: string; readonly json?: boolean};

type WrapOptions = CommonOptions & {
	readonly to?: readonly string[];
	readonly cipher?: string;
	readonly scheme?: string;
	readonly form?: string;
	readonly type?: string;
	readonly encoding?: string;
};

type OpenOptions = CommonOptions & {
	readonly trust?: readonly string[];
	readonly from?: string;
	readonly unsigned?: string;
	readonly anySigner?: string;
};

/** Where the command reads and writes: the process's own, or a test's. */
export type SmimeIo = {
	/** Reads a file, or standard input for `-`. */
	readonly read: (file: string) => Buffer;
	readonly stdout: (octets: Uint8Array | string) => void;
	readonly stderr: (text: string) => void;
	readonly exit: (code: number) => void;
};

const ownIo: SmimeIo = {
	read: readOctets,
	stdout: (octets) => {
		// Whoever reads the pipe may have had enough.
		process.stdout.once('error', () => {
			process.exitCode = 1;
		});
		process.stdout.write(octets);
	},
	stderr: (text) => void process.stderr.write(text),
	exit: (code) => {
		process.exitCode = code;
	},
};

/** `sallyport smime`: S/MIME of files and pipes, and what is in them told in plain words (docs/command-line.md). */
export function registerSmimeCommand(program: Command, io: SmimeIo = ownIo): void {
	const smime = program.command('smime').description('sign, seal, open and inspect S/MIME (docs/command-line.md)');
	wrapping(smime, io, 'sign', 'sign a MIME entity, or content of --type');
	wrapping(smime, io, 'encrypt', 'encrypt it for recipients');
	wrapping(smime, io, 'seal', 'sign it, then encrypt it for recipients');
	withKeys(smime.command('open [file]').description('decrypt, verify, and give out what was signed'))
		.option('--trust <files...>', 'PEM of the certificates that you trust')
		.option('--from <address>', 'the SIP address that the signer must speak for')
		.option('--any-signer <word>', 'i-accept-any-signer: take a signature that nobody vouches for')
		.option('--unsigned <word>', 'i-accept-it-from-anybody: take what nobody signed, if it is encrypted with GCM')
		.option('--out <file>', 'where the content goes; the report is then on standard output')
		.option('--json', 'report as JSON')
		.action((file: string | undefined, options: OpenOptions) => open(io, file ?? '-', options));
	smime
		.command('inspect [file]')
		.description('say what a message is, for whom and by whom; needs no key')
		.option('--trust <files...>', 'PEM of the certificates that you trust')
		.option('--provider <name>', 'auto, openssl or forge', 'auto')
		.option('--json', 'report as JSON')
		.action((file: string | undefined, options: OpenOptions) => open(io, file ?? '-', options, true));
}

function withKeys(command: Command): Command {
	const keyed = command
		.option('--key <files...>', 'PEM with a private key and its certificate')
		.option('--certificate <file>', 'PEM with the certificate, where --key has none');
	return withPassphraseOptions(keyed, 'the key').option('--provider <name>', 'auto, openssl or forge', 'auto');
}

function wrapping(smime: Command, io: SmimeIo, action: 'sign' | 'encrypt' | 'seal', description: string): void {
	const command = smime.command(`${action} [file]`).description(description);
	if (action === 'encrypt') {
		command.option('--provider <name>', 'auto, openssl or forge', 'auto');
	} else {
		withKeys(command)
			.option(
				'--form <form>',
				'multipart-signed or signed-data',
				action === 'sign' ? 'multipart-signed' : 'signed-data',
			)
			.option('--scheme <scheme>', 'signature scheme, such as rsa-pss-sha256; by default what suits the key');
	}

	if (action !== 'sign') {
		command
			.option('--to <files...>', 'PEM with the certificate of a recipient')
			.option('--cipher <cipher>', 'AES-128-GCM, AES-256-GCM, AES-128-CBC, AES-192-CBC or AES-256-CBC');
	}

	command
		.option('--type <type>', 'Content-Type of the file, where it is no MIME entity already')
		.option('--encoding <encoding>', 'base64, or binary as SIP carries it', 'base64')
		.option('--out <file>', 'where it goes; the report is then on standard output')
		.option('--json', 'report as JSON')
		.action((file: string | undefined, options: WrapOptions) => wrap(io, action, file ?? '-', options));
}

async function wrap(
	io: SmimeIo,
	action: 'sign' | 'encrypt' | 'seal',
	file: string,
	options: WrapOptions,
): Promise<void> {
	const {form = 'signed-data', encoding = 'base64', scheme, cipher, to = []} = options;
	if (!['multipart-signed', 'signed-data'].includes(form) || !['base64', 'binary'].includes(encoding)) {
		throw new SallyportError(
			'SMIME_ARGUMENTS',
			'Expected multipart-signed or signed-data for --form, and base64 or binary for --encoding.',
		);
	}

	const recipients = action === 'sign' ? [] : await readRecipients(to);
	const opened = await openProvider(options);
	try {
		const base64 = encoding === 'base64';
		const content = readContent(io.read(file), options.type, nameOfInput(file));
		const signed =
			action === 'encrypt'
				? undefined
				: await signEntity(content, opened, {
						form: form as 'multipart-signed' | 'signed-data',
						base64: base64 && action === 'sign',
						nowMs: Date.now(),
						...(scheme !== undefined && {scheme}),
					});
		const how = {base64, ...(cipher !== undefined && {cipher})};
		const entity =
			action === 'sign' && signed
				? signed
				: await encryptEntity(signed ? writeMimeEntity(signed) : content, opened.provider, recipients, how);
		give(io, writeMimeEntity(entity), options.out);
		say(io, wrapReport(action, entity, opened, recipients.length, options.json === true), options.out);
	} finally {
		await opened.provider.close();
	}
}

function wrapReport(
	action: string,
	entity: MimeEntity,
	{provider, reason}: OpenCmsProvider,
	recipients: number,
	json: boolean,
): string {
	const octets = entity.body.length;
	if (json) {
		return `${JSON.stringify({action, ok: true, provider: provider.name, recipients, octets})}\n`;
	}

	const whom = recipients === 0 ? '' : ` for ${recipientsInWords(recipients)}`;
	return `${action}: done${whom}, ${octets} octets, by ${provider.name} (${reason})\n`;
}

async function open(io: SmimeIo, file: string, options: OpenOptions, inspecting = false): Promise<void> {
	demandWord(options.anySigner, '--any-signer', 'i-accept-any-signer');
	demandWord(options.unsigned, '--unsigned', 'i-accept-it-from-anybody');
	const {trust = [], from, json = false, out} = options;
	const validator = trust.length === 0 ? undefined : await validatorOf(trust);
	const opened = await openProvider(options);
	try {
		const entity = readEntity(io.read(file), nameOfInput(file));
		const {content, ...report} = await unwrap(entity, {
			...opened,
			validator,
			from,
			nowMs: Date.now(),
			inspecting,
			takesUnsigned: options.unsigned !== undefined,
			takesAnySigner: options.anySigner !== undefined,
		});
		if (content && !inspecting) {
			give(io, content, out);
		}

		const {outcome, layers, failure} = report;
		const action = inspecting ? 'inspect' : 'open';
		const facts = {action, ok: outcome === 'done', exitCode: exitCodes[outcome], provider: opened.provider.name};
		say(
			io,
			json ? `${JSON.stringify({...facts, layers, ...(failure && {failure})})}\n` : inWords(report),
			inspecting ? '' : out,
		);
		io.exit(exitCodes[outcome]);
	} finally {
		await opened.provider.close();
	}
}

async function validatorOf(files: readonly string[]): Promise<NativeCertificateValidator> {
	const anchors = await readCertificates(files);
	try {
		return new NativeCertificateValidator({anchors});
	} catch (cause) {
		throw new SallyportError('SMIME_ARGUMENTS', 'Expected certificates that can be trusted for --trust.', {cause});
	}
}

function demandWord(given: string | undefined, option: string, word: string): void {
	if (given !== undefined && given !== word) {
		throw new SallyportError('SMIME_ARGUMENTS', `Expected the word ${word} for ${option}.`);
	}
}

function give(io: SmimeIo, octets: Uint8Array, out: string | undefined): void {
	if (out === undefined) {
		io.stdout(octets);
		return;
	}

	try {
		writeFileSync(out, octets, {mode: 0o600});
	} catch (cause) {
		const code = systemCodeOf(cause) ?? 'a failure';
		throw new SallyportError('SMIME_OUTPUT', `Expected to write ${out}, got ${code}.`, {cause});
	}
}

/** The report: on standard output where that is free, else on standard error. */
function say(io: SmimeIo, report: string, out: string | undefined): void {
	if (out === undefined) {
		io.stderr(report);
	} else {
		io.stdout(report);
	}
}
