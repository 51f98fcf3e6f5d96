import {z} from 'zod';
import {equalBytes} from '../../../base/bytes.js';
import {NativeCertificateValidator} from '../../../trusted/certificates/index.js';
import type {CmsPermissions, LegacyAlgorithm, Verified} from '../../../trusted/smime/index.js';
import {
	allOf,
	defineFormat,
	failed,
	passed,
	readCaseFile,
	skipped,
	type VectorFormat,
	type Verdict,
} from '../format.js';
import {type CmsMessage, readKind, readMessage, recipientsOf, revocationListsOf} from './message-file.js';
import {KeyFolder} from './vector-keys.js';

const messageCase = z.object({
	file: z.string(),
	what: z.string().optional(),
	expect: z.string(),
	policy: z.string().optional(),
	basicVerdict: z.enum(['accept', 'reject']).optional(),
});
type MessageCase = z.infer<typeof messageCase>;

/**
 * CMS of others: the examples of RFC 4134, what OpenSSL tests itself with, and NIST's messages whose certificate paths are in
 * question. Each word of the collection says what must come of the message; keys lie beside the file in `keys`, the anchor as
 * `TrustAnchorRootCertificate.crt`.
 */
export const messageFormat: VectorFormat = {
	family: 'smime',
	schema: 'smime-case/1',
	async *check(document) {
		const folder = new KeyFolder(document.folder);
		const format = defineFormat<MessageCase>({
			family: 'smime',
			schema: 'smime-case/1',
			caseSchema: messageCase,
			idOf: ({file}) => file,
			tryCase: (vector) => tryMessage(vector, folder),
		});
		try {
			yield* format.check(document);
		} finally {
			await folder.close();
		}
	},
};

async function tryMessage(vector: MessageCase, folder: KeyFolder): Promise<Verdict> {
	const message = readMessage(await readCaseFile(folder.path, vector.file));
	if (message === undefined) {
		return failed('Expected CMS in DER, PEM or MIME, got something else.');
	}
	if (vector.basicVerdict !== undefined) {
		return tryPath(vector, message, folder);
	}

	const [, tryWord] = words.find(([word]) => word.test(vector.expect)) ?? [];
	return tryWord === undefined
		? failed(`Expected a verdict that this version knows, got "${vector.expect}".`)
		: tryWord(vector, message, folder);
}

type TryWord = (vector: MessageCase, message: CmsMessage, folder: KeyFolder) => Promise<Verdict>;

/** What each word of the collection asks for. */
const words: readonly (readonly [RegExp, TryWord])[] = [
	[/^content$/, tryContent],
	[/^parse$/, tryOtherType],
	[/^(?:valid-weak|multi-signer)$/, tryWeak],
	[/^decrypts/, tryDecryption],
	[/^reject$/, (vector, message, folder) => tryRefusal(message, folder, refusalOf(vector))],
	[/^reject-no-crash$/, (_, message, folder) => tryRefusal(message, folder, undefined)],
	[/^accept without policy checking/, trySignature],
];

/** id-data carries no protection: it is told for what it is, and neither opened nor verified. */
async function tryContent(_: MessageCase, message: CmsMessage, folder: KeyFolder): Promise<Verdict> {
	const {kind, data} = readKind(message.contentInfo);
	const expected = await readCaseFile(folder.path, 'ExContent.bin');
	return allOf(
		kind === 'data' && data !== undefined && equalBytes(data, expected)
			? passed
			: failed(`Expected id-data with the octets of ExContent.bin, got ${kind}.`),
		await tryRefusal(message, folder, ['UNSUPPORTED']),
	);
}

async function tryOtherType(_: MessageCase, message: CmsMessage, folder: KeyFolder): Promise<Verdict> {
	const {kind} = readKind(message.contentInfo);
	return kind === 'malformed'
		? failed('Expected a ContentInfo, got octets that are none.')
		: tryRefusal(message, folder, ['UNSUPPORTED']);
}

/** By default policy refused as weak, whatever the arithmetic would say. */
async function tryWeak({policy}: MessageCase, message: CmsMessage, folder: KeyFolder): Promise<Verdict> {
	return policy === 'reject-weak'
		? tryRefusal(message, folder, ['WEAK'])
		: failed(`Expected a policy that this version knows, got ${policy ?? 'none'}.`);
}

/**
 * Refused as weak first where the collection says so; then, with what it is weak for permitted, decrypted by a key beside
 * the file. What only strangers to us can open, and keys that nobody may permit, end at the refusal.
 */
async function tryDecryption(vector: MessageCase, message: CmsMessage, folder: KeyFolder): Promise<Verdict> {
	const {expect, policy} = vector;
	const isWeak = policy === 'reject-weak' || /weak cipher policy/.test(expect);
	if (!isWeak && recipientsOf(message.contentInfo) === 0) {
		return skipped('all its recipients are by shared key (KEKRecipientInfo), and keys here are private keys');
	}

	const refusal = isWeak ? await tryRefusal(message, folder, ['WEAK']) : passed;
	if (refusal.verdict !== 'passed' || policy === 'reject-weak') {
		return refusal;
	}

	return folder.use(async (cms) => {
		const opened = await cms.decrypt(message.contentInfo, everything);
		const text = /"(.*)"/.exec(expect)?.[1]?.replaceAll('\\n', '\n');
		if (!opened.ok) {
			return failed(`Expected content that decrypts, got ${opened.failure.code}: ${opened.failure.message}`);
		}

		const content = Buffer.from(opened.value.content).toString('utf8');
		const isTold = !isWeak || opened.value.legacy.length > 0;
		return isTold && (text === undefined || text === content)
			? passed
			: failed(`Expected ${text ?? 'content by a weak choice that is told of'}, got other content.`);
	});
}

async function tryRefusal(
	message: CmsMessage,
	folder: KeyFolder,
	codes: readonly string[] | undefined,
): Promise<Verdict> {
	return folder.use(async (cms) => {
		const {contentInfo, detached} = message;
		const kind = readKind(contentInfo).kind;
		const result = kind === 'signedData' ? await cms.verify(contentInfo, detached) : await cms.decrypt(contentInfo);
		if (result.ok) {
			return failed(`Expected ${codes?.join(' or ') ?? 'a refusal'}, got it accepted.`);
		}

		const {code} = result.failure;
		return codes === undefined || codes.includes(code)
			? passed
			: failed(`Expected ${codes.join(' or ')}, got ${code}: ${result.failure.message}`);
	});
}

async function trySignature(_: MessageCase, message: CmsMessage, folder: KeyFolder): Promise<Verdict> {
	const verified = await verify(message, folder);
	return verified.ok ? passed : failed(`Expected a signature that verifies, got ${verified.code}.`);
}

/** The signature must verify; whether its certificate's path does is what the case asks. */
async function tryPath({expect, basicVerdict}: MessageCase, message: CmsMessage, folder: KeyFolder): Promise<Verdict> {
	const anchor = await readCaseFile(folder.path, 'TrustAnchorRootCertificate.crt');
	const verified = await verify(message, folder);
	if (!verified.ok) {
		return failed(`Expected a signature that verifies, got ${verified.code}.`);
	}

	const {certificates, signers} = verified.value;
	const judge = async (revocationLists: readonly Uint8Array[]) => {
		const validator = new NativeCertificateValidator({anchors: [anchor], revocationLists});
		const [signer] = signers;
		return validator.validate(signer?.certificate ?? new Uint8Array(), certificates, {
			atMs: Date.now(),
			purpose: 'sign',
		});
	};
	const basic = await judge([]);
	if (basic.ok !== (basicVerdict === 'accept')) {
		const got = basic.ok ? 'a path that is valid' : `${basic.failure.code}: ${basic.failure.message}`;
		return failed(`Expected ${basicVerdict} without revocation lists, got ${got}.`);
	}

	const full = await judge(revocationListsOf(message.contentInfo));
	return full.ok === (expect === 'valid')
		? passed
		: skipped(
				`${basicVerdict} without revocation lists, as it should; with them it would have to be ${expect}, which takes lists that another key signs or that cover a part (got ${full.ok ? 'valid' : full.failure.code})`,
			);
}

async function verify(
	{contentInfo, detached}: CmsMessage,
	folder: KeyFolder,
): Promise<{readonly ok: true; readonly value: Verified} | {readonly ok: false; readonly code: string}> {
	return folder.use(async (cms) => {
		const verified = await cms.verify(contentInfo, detached);
		return verified.ok ? verified : {ok: false, code: verified.failure.code};
	});
}

/** What a refusal must be called, from what the case says is wrong. */
function refusalOf({what = ''}: MessageCase): readonly string[] {
	return /attribute/.test(what) ? ['BAD_ATTRIBUTES'] : ['MALFORMED', 'UNSUPPORTED'];
}

const legacy: readonly LegacyAlgorithm[] = ['sha1-signatures', '3des', 'rsa-pkcs1-key-transport'];
const everything: CmsPermissions = {legacy};
