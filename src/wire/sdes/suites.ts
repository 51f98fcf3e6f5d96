/** SRTP protection suites that we speak, by the names of the IANA registry for SDES (RFC 4568 §6.2, RFC 6188 §4, RFC 7714 §14). */
export const srtpSuites = {
	AES_CM_128_HMAC_SHA1_80: {keyOctets: 16, saltOctets: 14, tagOctets: 10, rtcpTagOctets: 10},
	AES_CM_128_HMAC_SHA1_32: {keyOctets: 16, saltOctets: 14, tagOctets: 4, rtcpTagOctets: 10},
	AES_192_CM_HMAC_SHA1_80: {keyOctets: 24, saltOctets: 14, tagOctets: 10, rtcpTagOctets: 10},
	AES_192_CM_HMAC_SHA1_32: {keyOctets: 24, saltOctets: 14, tagOctets: 4, rtcpTagOctets: 10},
	AES_256_CM_HMAC_SHA1_80: {keyOctets: 32, saltOctets: 14, tagOctets: 10, rtcpTagOctets: 10},
	AES_256_CM_HMAC_SHA1_32: {keyOctets: 32, saltOctets: 14, tagOctets: 4, rtcpTagOctets: 10},
	AEAD_AES_128_GCM: {keyOctets: 16, saltOctets: 12, tagOctets: 16, rtcpTagOctets: 16},
	AEAD_AES_256_GCM: {keyOctets: 32, saltOctets: 12, tagOctets: 16, rtcpTagOctets: 16},
} as const;

/** Name of a suite in {@link srtpSuites}. */
export type SrtpSuiteName = keyof typeof srtpSuites;

/** True for a name of {@link srtpSuites}, exactly as the registry writes it. */
export function isSrtpSuiteName(name: string): name is SrtpSuiteName {
	return Object.hasOwn(srtpSuites, name);
}
