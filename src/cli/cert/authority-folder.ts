import {X509Certificate} from 'node:crypto';
import {existsSync, mkdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {SallyportError} from '../../base/error.js';
import {
	CertificateAuthority,
	createRoot,
	type IssuedCredential,
	type IssueRequest,
} from '../../trusted/certificates/certificate-authority.js';
import {parseCredential, readCredential} from '../../trusted/certificates/credential.js';
import type {RevocationReason} from '../../trusted/certificates/revocation-list-writer.js';
import {writeDurably} from '../../trusted/toolbox/ledger/durable-file.js';
import {derToPem} from '../../wire/asn1/pem.js';
import {readGivenFile, writeNewFile} from '../files.js';
import {type IssuedCertificate, IssuedLog} from './issued-log.js';

export type AuthorityFolderOptions = {
	readonly commonName: string;
	/** @default 3650 */
	readonly validityDays?: number;
	/** Encrypts the authority's private key (PKCS #8). @default it lies in the clear, for its owner to read */
	readonly passphrase?: string;
};

/**
 * A small certificate authority in a folder: `ca.pem`, `ca.key`, `ca.crl`, `issued.jsonl`, and each certificate as
 * `certificates/SERIAL.pem`. Private keys of what it issues are not kept here.
 */
export class AuthorityFolder {
	readonly #folder: string;
	readonly #log: IssuedLog;

	private constructor(folder: string) {
		this.#folder = folder;
		this.#log = new IssuedLog(join(folder, 'issued.jsonl'));
	}

	/** Makes one in a folder that has none. Rejects with `SallyportError` FILE_EXISTS. */
	static async create(folder: string, options: AuthorityFolderOptions): Promise<AuthorityFolder> {
		mkdirSync(join(folder, 'certificates'), {recursive: true, mode: 0o700});
		const root = await createRoot(options);
		writeNewFile(join(folder, 'ca.key'), root.privateKeyPem);
		writeNewFile(join(folder, 'ca.pem'), root.certificatePem);
		const made = new AuthorityFolder(folder);
		made.#writeList(new CertificateAuthority(parseCredential(root.certificatePem + root.privateKeyPem, options)));
		return made;
	}

	/** Throws `SallyportError` NO_AUTHORITY or AUTHORITY_DAMAGED. */
	static open(folder: string): AuthorityFolder {
		if (!existsSync(join(folder, 'ca.pem'))) {
			throw new SallyportError('NO_AUTHORITY', `Expected an authority in ${folder}; \`sallyport cert ca\` makes one.`);
		}

		return new AuthorityFolder(folder);
	}

	get issued(): readonly IssuedCertificate[] {
		return this.#log.issued;
	}

	/** PEM of the authority's own certificate. */
	get certificatePem(): string {
		return readFileSync(join(this.#folder, 'ca.pem'), 'utf8');
	}

	get listPath(): string {
		return join(this.#folder, 'ca.crl');
	}

	/** Opens the private key. Rejects with the codes of `readCredential`. */
	async unlock(passphrase?: string): Promise<CertificateAuthority> {
		const paths = [join(this.#folder, 'ca.pem'), join(this.#folder, 'ca.key')];
		return new CertificateAuthority(await readCredential(paths, passphrase === undefined ? {} : {passphrase}));
	}

	/** Issues, and has it on record before it returns. */
	async issue(
		authority: CertificateAuthority,
		request: IssueRequest,
	): Promise<IssuedCredential & {readonly record: IssuedCertificate}> {
		const credential = await authority.issue(request);
		const certificate = new X509Certificate(credential.certificatePem);
		const record: IssuedCertificate = {
			serialNumber: certificate.serialNumber,
			uris: request.uris,
			commonName: certificate.subject.replace(/^CN=/, ''),
			issuedAtMs: Date.now(),
			notAfterMs: Date.parse(certificate.validTo),
		};
		this.#log.issue(record);
		writeNewFile(this.#pathOf(record.serialNumber), credential.certificatePem, 0o644);
		return {...credential, record};
	}

	/** Revokes and writes the list; what is revoked stays so. Throws `SallyportError` UNKNOWN_CERTIFICATE. */
	revoke(authority: CertificateAuthority, serialNumber: string, reason: RevocationReason): IssuedCertificate {
		const known = this.find(serialNumber);
		if (known.revokedAtMs === undefined) {
			this.#log.revoke(known.serialNumber, Date.now(), reason);
		}

		this.#writeList(authority);
		return this.find(known.serialNumber);
	}

	/** Writes the revocation list anew; it is current for `days`. */
	renewList(authority: CertificateAuthority, days?: number): {readonly number: number; readonly nextUpdateMs: number} {
		return this.#writeList(authority, days);
	}

	/** By serial number, by the file of a certificate, or by an address of which there is one that is in force. Throws `SallyportError`. */
	find(what: string): IssuedCertificate {
		const serialNumber = existsSync(what) ? serialNumberOf(what) : what.toUpperCase().replaceAll(':', '');
		const named = this.#log.get(serialNumber);
		const ofAddress = this.issued.filter(
			({uris, revokedAtMs, notAfterMs}) => uris.includes(what) && revokedAtMs === undefined && notAfterMs > Date.now(),
		);
		const [found] = named === undefined ? ofAddress : [named];
		if (found === undefined || (named === undefined && ofAddress.length > 1)) {
			throw new SallyportError(
				'UNKNOWN_CERTIFICATE',
				`Expected the serial number, the file or the address of one certificate of this authority, got ${
					ofAddress.length > 1 ? `an address of ${ofAddress.length}` : 'none of them'
				}.`,
			);
		}

		return found;
	}

	#writeList(authority: CertificateAuthority, days = defaultListDays) {
		const nowMs = Date.now();
		if (!Number.isInteger(days) || days < 1 || days > maxListDays) {
			throw new SallyportError('BAD_ARGUMENTS', `Expected 1 to ${maxListDays} days for the revocation list.`);
		}

		const number = this.#log.nextListNumber(nowMs);
		// For a day beyond their end: a list must name them once after it (RFC 5280 §3.3).
		const revoked = this.issued
			.filter(({notAfterMs}) => notAfterMs > nowMs - dayMs)
			.flatMap(({serialNumber, revokedAtMs, reason}) =>
				revokedAtMs === undefined ? [] : [{serialNumber, revokedAtMs, ...(reason && {reason})}],
			);
		const nextUpdateMs = nowMs + days * dayMs;
		const thisUpdateMs = nowMs - clockAllowanceMs;
		const der = authority.writeRevocationList({revoked, number, thisUpdateMs, nextUpdateMs});
		writeDurably(this.listPath, Buffer.from(derToPem(der, 'X509 CRL')));
		return {number, nextUpdateMs};
	}

	#pathOf(serialNumber: string): string {
		return join(this.#folder, 'certificates', `${serialNumber}.pem`);
	}
}

function serialNumberOf(path: string): string {
	const octets = readGivenFile(path);
	try {
		return new X509Certificate(octets).serialNumber;
	} catch {
		throw new SallyportError('UNKNOWN_CERTIFICATE', `Expected a certificate in ${path}.`);
	}
}

const dayMs = 86_400_000;
const clockAllowanceMs = 300_000;
const defaultListDays = 30;
const maxListDays = 3650;
