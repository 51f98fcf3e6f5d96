import {type Clock, systemClock} from '../base/clock.js';
import {SallyportError} from '../base/error.js';

/**
 * The system's clock with its wall time shifted so that it is `pretended` now. Throws `SallyportError` `BAD_TIME` where
 * that is no ISO 8601 time with a zone.
 */
export function clockPretending(pretended: string): Clock {
	const isDated = /^\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?:Z|[+-]\d\d:\d\d)$/.test(pretended);
	const shiftMs = (isDated ? Date.parse(pretended) : Number.NaN) - systemClock.wallMs();
	if (Number.isNaN(shiftMs)) {
		throw new SallyportError(
			'BAD_TIME',
			`Expected a time such as 2030-01-31T12:00:00Z, got ${JSON.stringify(pretended.slice(0, 40))}.`,
		);
	}

	return {monotonicMs: systemClock.monotonicMs, wallMs: () => systemClock.wallMs() + shiftMs};
}
