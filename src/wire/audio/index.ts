/**
 * Sound as octets: G.711 (ITU-T), RIFF/WAVE files, sample rates. No state.
 */
export * from './g711.js';
export * from './resample.js';
export * from './telephone-audio.js';
export * from './wav-file.js';
