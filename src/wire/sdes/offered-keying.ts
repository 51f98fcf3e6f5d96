import {attributeValues, hasAttribute} from '../sdp/attributes.js';
import type {MediaSection, SdpSection} from '../sdp/description.js';

/** How the media of a section are to be keyed. */
export type MediaKeying = 'dtls-srtp' | 'sdes' | 'none';

/**
 * The better of the mechanisms that a section offers: DTLS-SRTP where it has a fingerprint (its own or the session's, RFC
 * 5763 §5), then SDES, which shows its keys to whoever reads the SDP.
 */
export function offeredKeying(section: MediaSection, session: SdpSection = {lines: []}): MediaKeying {
	if (hasAttribute(section, 'fingerprint') || hasAttribute(session, 'fingerprint')) {
		return 'dtls-srtp';
	}

	return attributeValues(section, 'crypto').length > 0 ? 'sdes' : 'none';
}
