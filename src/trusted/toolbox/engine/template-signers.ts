import {SallyportError} from '../../../base/error.js';
import {pemToDer} from '../../../wire/asn1/pem.js';
import type {CertificateValidator} from '../../certificates/certificate-validator.js';
import {NativeCertificateValidator} from '../../certificates/native-certificate-validator.js';
import type {CmsProvider} from '../../smime/cms-provider.js';
import {fingerprintOf} from '../policy/policy.js';

/** A template as it lies in files: its text, and the signature beside it where it has one. */
export type TemplateText = {
	readonly yaml: string;
	/** Detached CMS signature over the octets of `yaml` (RFC 5652 §5), DER in base64; line ends do not matter. */
	readonly signature?: string;
};

/**
 * Who may sign templates: the holders of some certificates, and whoever they certify. Only asked where policy names any; then a
 * template without a good signature is refused.
 */
export class TemplateSigners {
	readonly #fingerprints: ReadonlySet<string>;
	readonly #validator: CertificateValidator;

	/** Throws `SallyportError` BAD_OPTIONS where there is no certificate in PEM. */
	constructor(certificates: readonly string[]) {
		const anchors = certificates.flatMap((pem) => {
			const blocks = pemToDer(pem);
			return blocks.ok ? blocks.value : [];
		});
		if (anchors.length === 0) {
			throw new SallyportError('BAD_OPTIONS', 'Expected certificates in PEM in `templateSigners`, got none.');
		}

		this.#fingerprints = new Set(anchors.map(fingerprintOf));
		this.#validator = new NativeCertificateValidator({anchors});
	}

	/** Rejects with `SallyportError` TEMPLATE_UNSIGNED or TEMPLATE_SIGNATURE. */
	async demandSignature(
		{yaml, signature}: TemplateText,
		source: string,
		cms: CmsProvider,
		atMs: number,
	): Promise<void> {
		if (signature === undefined) {
			throw new SallyportError('TEMPLATE_UNSIGNED', `Expected a signature beside the template, got none (${source}).`);
		}

		const verified = await cms.verify(new Uint8Array(Buffer.from(signature, 'base64')), Buffer.from(yaml));
		if (!verified.ok) {
			throw new SallyportError(
				'TEMPLATE_SIGNATURE',
				`Expected a signature that fits the template, got ${verified.failure.code} (${source}).`,
			);
		}

		const {signers, certificates} = verified.value;
		for (const {certificate} of signers) {
			const isNamed = this.#fingerprints.has(fingerprintOf(certificate));
			const others = certificates.filter((other) => fingerprintOf(other) !== fingerprintOf(certificate));
			if (!isNamed && !(await this.#validator.validate(certificate, others, {atMs, purpose: 'sign'})).ok) {
				throw new SallyportError(
					'TEMPLATE_SIGNATURE',
					`Expected a signature of somebody whom \`templateSigners\` names, got one of a stranger (${source}).`,
				);
			}
		}
	}
}
