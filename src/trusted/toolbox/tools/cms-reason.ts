import type {CmsFailureCode} from '../../smime/cms-provider.js';
import type {Reason} from '../engine/reasons.js';

/** The reason for what the CMS reader refused. */
export function cmsReason(code: CmsFailureCode): Reason {
	switch (code) {
		case 'MALFORMED':
			return 'CMS_MALFORMED';
		case 'UNSUPPORTED':
		case 'NOT_CAPABLE':
			return 'CMS_UNSUPPORTED';
		case 'WEAK':
			return 'CMS_WEAK';
		case 'OVERLOADED':
			return 'DECRYPTION_FAILED';
		default:
			return code;
	}
}
