/** Suites of caller and callee; none is plain RTP. Where both have one they differ: rtpengine then must re-encrypt. */
export const protections = [
	{name: 'rtp-rtp', suites: [undefined, undefined]},
	{name: 'srtp-rtp', suites: ['AES_CM_128_HMAC_SHA1_80', undefined]},
	{name: 'srtp-srtp-cm', suites: ['AES_CM_128_HMAC_SHA1_80', 'AES_CM_128_HMAC_SHA1_32']},
	{name: 'srtp-srtp-gcm', suites: ['AEAD_AES_128_GCM', 'AEAD_AES_256_GCM']},
];

export function suitesOf(name) {
	return protections.find((protection) => protection.name === name).suites;
}
