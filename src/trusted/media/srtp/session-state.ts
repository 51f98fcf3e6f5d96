import {SallyportError} from '../../../base/error.js';
import type {NativeInbound, NativeOutbound} from './native-srtp.js';
import {checkedUint32} from './session-options.js';

/** @internal The session while it was not destroyed; throws `SallyportError` SESSION_DESTROYED. */
export function live<Session>(session: Session | undefined): Session {
	if (session === undefined) {
		throw new SallyportError('SESSION_DESTROYED', 'Expected a session that is alive, got a destroyed one.');
	}

	return session;
}

/** @internal */
export function readRolloverCounter(session: NativeInbound | NativeOutbound, ssrc: number): number | undefined {
	checkedUint32('ssrc', ssrc);
	return session.rolloverCounter(ssrc);
}

/** @internal */
export function writeRolloverCounter(
	session: NativeInbound | NativeOutbound,
	ssrc: number,
	rolloverCounter: number,
): void {
	checkedUint32('ssrc', ssrc);
	checkedUint32('rolloverCounter', rolloverCounter);
	switch (session.setRolloverCounter(ssrc, rolloverCounter)) {
		case undefined:
			return;
		case 'WENT_BACK':
			throw new RangeError(
				`Expected a rollover counter of at least ${String(session.rolloverCounter(ssrc))}, got ${rolloverCounter}: packets could repeat.`,
			);
		case 'TOO_MANY_SOURCES':
			throw new SallyportError(
				'TOO_MANY_SOURCES',
				'Expected a source that is known, got a new one with no room for it.',
			);
		case 'INTERNAL':
			throw new SallyportError('INTERNAL', 'Expected libsrtp to add a source, got a failure of its own.');
	}
}
