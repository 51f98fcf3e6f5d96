import {type Asn1Element, contextConstructed, contextPrimitive, tags} from '../../wire/asn1/index.js';

/** Certificate and TBSCertificate (RFC 5280 §4.1), taken apart and not yet interpreted. */
export type CertificateBody = {
	/** `[0]` with the version; undefined where it is the default, 1. */
	readonly version: Asn1Element | undefined;
	readonly serialNumber: Asn1Element;
	readonly issuer: Asn1Element;
	readonly subject: Asn1Element;
	readonly subjectPublicKeyInfo: Asn1Element;
	/** `[3]` with the extensions. */
	readonly extensions: Asn1Element | undefined;
};

/** Walks a certificate. Throws `Asn1Fault` where it is none; for use inside `readAsn1`. */
export function readCertificateBody(root: Asn1Element): CertificateBody {
	const certificate = root.sequence();
	const fields = certificate.next().sequence();
	certificate.next(tags.sequence);
	certificate.next(tags.bitString);
	certificate.end();

	const version = fields.optional(contextConstructed(0));
	const serialNumber = fields.next();
	fields.next(tags.sequence);
	const issuer = fields.next(tags.sequence);
	fields.next(tags.sequence);
	const subject = fields.next(tags.sequence);
	const subjectPublicKeyInfo = fields.next();
	fields.optional(contextPrimitive(1));
	fields.optional(contextPrimitive(2));
	const extensions = fields.optional(contextConstructed(3));
	fields.end();
	return {version, serialNumber, issuer, subject, subjectPublicKeyInfo, extensions};
}
