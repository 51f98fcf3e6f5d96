import {createHash} from 'node:crypto';

/** Lower-case hexadecimal SHA-256 of a certificate's DER. */
export function certificateFingerprint(der: Uint8Array): string {
	return createHash('sha256').update(der).digest('hex');
}
