import {equalBytes} from '../../base/bytes.js';
import type {CertificateValidator} from '../../trusted/certificates/certificate-validator.js';
import {canonicalAor, certificateSpeaksFor} from '../../trusted/certificates/identity.js';
import type {CmsProvider, Verified, VerifiedSigner} from '../../trusted/smime/cms-provider.js';
import type {PrivateKeyOperations} from '../../trusted/smime/private-key-operations.js';
import {hashOfScheme} from '../../trusted/smime/signature-algorithm.js';
import {type MimeEntity, mimeHeader, parseMimeEntity, writeMimeEntity} from '../../wire/mime/entity.js';
import {isMicContradicted, readSignedEntity, type SignedEntityOctets, smimeKind} from '../../wire/mime/smime-entity.js';
import {canonicalLineEnds, decodeContent} from '../../wire/mime/transfer-encoding.js';
import {
	describeCertificate,
	describeEnvelope,
	describeSigner,
	type Layer,
	printable,
	type SignerLayer,
	type Unwrapped,
} from './layers.js';

export type UnwrapOptions = {
	readonly provider: CmsProvider;
	readonly privateKeys: PrivateKeyOperations;
	/** Undefined where no anchors were given. */
	readonly validator: CertificateValidator | undefined;
	/** SIP address that every signer must speak for. */
	readonly from: string | undefined;
	readonly nowMs: number;
	/** True: say what there is and open nothing. */
	readonly inspecting: boolean;
	/** True takes what nobody signed, where its encryption is authenticated. */
	readonly takesUnsigned: boolean;
	/** True takes a signer whom nobody vouches for. */
	readonly takesAnySigner: boolean;
};

/**
 * Takes one layer after the other off a message, as deep as four. What is encrypted in CBC is given out only with a
 * signature inside that verifies (RFC 8551 §6), and nothing at all where anything failed.
 */
export async function unwrap(outermost: MimeEntity, options: UnwrapOptions): Promise<Unwrapped> {
	const layers: Layer[] = [];
	let entity = outermost;
	let content: Uint8Array = writeMimeEntity(outermost);
	let isSigned = false;
	let isAuthenticated = true;
	for (let depth = 0; depth < maxLayers; depth++) {
		const kind = smimeKind(entity);
		if (kind === 'enveloped') {
			const opened = await openEnvelope(entity, layers, options);
			if ('outcome' in opened) {
				return opened;
			}

			isAuthenticated = opened.authenticated && isAuthenticated;
			isSigned = false;
			content = opened.content;
		} else if (kind === 'signed-data' || kind === 'multipart-signed') {
			const verified = await verify(entity, layers, options);
			if ('outcome' in verified) {
				return verified;
			}

			isSigned = true;
			isAuthenticated = true;
			content = verified.content;
		} else {
			break;
		}

		const inner = parseMimeEntity(content);
		if (!inner.ok) {
			// What is inside need not be MIME: then it is the content itself.
			entity = {headers: [{name: 'Content-Type', value: 'unknown'}], body: content};
			break;
		}

		entity = inner.value;
	}

	if (layers.length === 0) {
		const message = 'Expected a body that is signed or encrypted, got one that is neither.';
		return {outcome: 'notSigned', layers, failure: {code: 'NOT_SMIME', message}};
	}

	if (!isSigned && !options.inspecting && !(options.takesUnsigned && isAuthenticated)) {
		const message = 'Expected a signature inside the encryption, got none: anybody may have sent this.';
		return {outcome: 'notSigned', layers, failure: {code: 'NOT_SIGNED', message}};
	}

	return finish(layers, content, printable(mimeHeader(entity, 'Content-Type') ?? 'text/plain'));
}

function finish(layers: readonly Layer[], content: Uint8Array, type: string): Unwrapped {
	return {outcome: 'done', layers: [...layers, {layer: 'content', type, octets: content.length}], content};
}

async function openEnvelope(
	entity: MimeEntity,
	layers: Layer[],
	{provider, privateKeys, inspecting}: UnwrapOptions,
): Promise<Unwrapped | {readonly content: Uint8Array; readonly authenticated: boolean}> {
	const contentInfo = decodeContent(entity);
	if (!contentInfo.ok) {
		return {outcome: 'notOpened', layers, failure: contentInfo.failure};
	}

	const opened = inspecting ? undefined : await provider.decrypt(contentInfo.value);
	const keyId = opened?.ok ? opened.value.keyId : undefined;
	const own = privateKeys.keys.find((key) => key.keyId === keyId);
	const described = describeEnvelope(contentInfo.value, own && describeCertificate(own.certificate).subject);
	layers.push(...(described.ok ? [described.value] : []));
	if (opened?.ok) {
		return opened.value;
	}

	const failed = described.ok ? opened : described;
	return failed ? {outcome: 'notOpened', layers, failure: failed.failure} : {outcome: 'done', layers};
}

async function verify(
	entity: MimeEntity,
	layers: Layer[],
	options: UnwrapOptions,
): Promise<Unwrapped | {readonly content: Uint8Array}> {
	const signed = readSignedEntity(entity);
	if (!signed.ok) {
		return {outcome: 'notSigned', layers, failure: signed.failure};
	}

	const verified = await verifyEitherForm(signed.value, options.provider);
	if (!verified.ok) {
		return {outcome: 'notSigned', layers, failure: verified.failure};
	}

	const {signers, content} = verified.value;
	const {micAlgorithms, detached} = signed.value;
	if (signers.some(({scheme}) => isMicContradicted(micAlgorithms, hashOfScheme(scheme)))) {
		const message = 'Expected `micalg` to name the digests of the signatures.';
		return {outcome: 'notSigned', layers, failure: {code: 'BAD_ATTRIBUTES', message}};
	}

	const judged = await Promise.all(signers.map((signer) => judgeSigner(signer, verified.value, options)));
	layers.push({layer: 'signed', form: detached ? 'multipart/signed' : 'signed-data', signers: judged});
	const stranger = judged.find(({trusted}) => trusted === false || (trusted === null && !options.takesAnySigner));
	if (stranger && !options.inspecting) {
		const message = stranger.why ?? 'Expected --trust with the certificates that you trust.';
		return {outcome: 'notTrusted', layers, failure: {code: 'NOT_TRUSTED', message}};
	}

	return {content};
}

/** Files keep lines that end in LF; what was signed then is the canonical form (RFC 8551 §3.1.1). */
async function verifyEitherForm({contentInfo, detached}: SignedEntityOctets, provider: CmsProvider) {
	const exact = await provider.verify(contentInfo, detached);
	if (exact.ok || detached === undefined) {
		return exact;
	}

	const canonical = canonicalLineEnds(detached);
	return equalBytes(canonical, detached) ? exact : provider.verify(contentInfo, canonical);
}

async function judgeSigner(
	signer: VerifiedSigner,
	{certificates}: Verified,
	{validator, from, nowMs}: UnwrapOptions,
): Promise<SignerLayer> {
	const validated = await validator?.validate(signer.certificate, issuersOf(signer, certificates), {
		atMs: nowMs,
		purpose: 'sign',
	});
	if (validated?.ok === false) {
		return describeSigner(signer, {trusted: false, why: validated.failure.message});
	}

	const aor = from === undefined ? undefined : canonicalAor(from);
	const names = validated?.ok ? validated.value : undefined;
	const speaks = aor === undefined || (aor.ok && names && certificateSpeaksFor(names, aor.value, ['user', 'domain']));
	return describeSigner(
		signer,
		speaks
			? {trusted: validated ? true : null}
			: {trusted: false, why: `Expected a trusted signer that speaks for ${from}, got another one.`},
	);
}

function issuersOf({certificate}: VerifiedSigner, certificates: readonly Uint8Array[]): readonly Uint8Array[] {
	return certificates.filter((other) => !equalBytes(other, certificate)).slice(0, maxIssuers);
}

const maxLayers = 4;
const maxIssuers = 16;
