import process from 'node:process';
import type {ProcessIdentities} from '../../gateway/gateway-options.js';
import type {Hardening} from '../../trusted/media/processes/native-domains.js';
import {isReadableByConfined} from './confinement.js';
import type {ProcessReport} from './control-messages.js';

type Standing = {readonly pid: number | undefined; readonly report: ProcessReport};

export type Isolation = {
	readonly wanted: ProcessIdentities;
	readonly granted: ProcessIdentities;
	/** Of this process. */
	readonly hardening: Hardening;
	readonly media: Standing;
	readonly user: Standing;
	readonly toolboxDirectory: string;
};

/** What separates the processes, and in `notes` what does not. */
export function isolationReport(isolation: Isolation): Readonly<Record<string, unknown>> {
	const {media, user, hardening} = isolation;
	return {
		mode: 'process',
		toolbox: {pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.(), ...hardening},
		media: figuresOf(media),
		user: figuresOf(user),
		notes: notesOn(isolation),
	};
}

function figuresOf({pid, report: {hardening, ...rest}}: Standing): Readonly<Record<string, unknown>> {
	return {pid, ...rest, ...hardening};
}

function notesOn({wanted, granted, media, user, toolboxDirectory}: Isolation): readonly string[] {
	const own = process.getuid?.();
	const reports = [media.report, user.report];
	const notes: readonly (readonly [boolean, string])[] = [
		[
			Object.keys(wanted).length > Object.keys(granted).length,
			'Only root can give the processes identities of their own.',
		],
		[new Set([own, ...reports.map(({uid}) => uid)]).size < 3, 'Processes share an identity.'],
		[own === 0, 'The toolbox process stays root; name an identity for it, or start as another user.'],
		[
			reports.some(({landlock}) => landlock === 0),
			'The kernel has no Landlock: files are kept apart by identity alone.',
		],
		[reports.some(({seccomp}) => !seccomp), 'The kernel takes no seccomp filter.'],
		[isReadableByConfined(toolboxDirectory), "The toolbox's directory lies where the other processes may read."],
	];
	return notes.flatMap(([holds, note]) => (holds ? [note] : []));
}
