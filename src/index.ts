/**
 * Sallyport as a library: SRTP sessions, S/MIME bodies, the security toolbox, the media plane and the gateway.
 */
export * from './base/index.js';
