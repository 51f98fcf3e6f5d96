import {chownSync, lchownSync, mkdirSync, readdirSync, statSync} from 'node:fs';
import {dirname, join} from 'node:path';
import process from 'node:process';
import {SallyportError} from '../../base/error.js';
import type {ProcessIdentities, ProcessIdentity} from '../../gateway/gateway-options.js';
import type {Hardening} from '../../trusted/media/processes/native-domains.js';
import {hardenProcess} from '../../trusted/media/processes/process-hardening.js';

/** The identities that are asked for, as far as this process may give any: who is not root has one for all. */
export function grantedIdentities(wanted: ProcessIdentities): ProcessIdentities {
	return process.getuid?.() === 0 ? wanted : {};
}

/**
 * Throws `SallyportError` PROGRAM_UNREADABLE where a process of one of these identities could not come to `folder`, which has
 * the program: then it would die of its first import.
 */
export function demandReach(identities: ProcessIdentities, folder: string): void {
	for (const identity of Object.values(identities)) {
		for (let part = folder; ; part = dirname(part)) {
			if (!mayEnter(identity, part)) {
				throw new SallyportError(
					'PROGRAM_UNREADABLE',
					`Expected that user ${identity.uid} may read the program, got the folder ${part}, which it may not enter.`,
				);
			}

			if (part === dirname(part)) {
				break;
			}
		}
	}
}

function mayEnter({uid, gid}: ProcessIdentity, folder: string): boolean {
	const {mode, uid: owner, gid: group} = statSync(folder);
	const needed = owner === uid ? 0o100 : group === gid ? 0o010 : 0o001;
	return uid === 0 || (mode & needed) !== 0;
}

/** Takes on an identity for good, with the state directory as its own. */
export function dropPrivileges({uid, gid}: ProcessIdentity, stateDirectory: string): Hardening {
	mkdirSync(stateDirectory, {recursive: true, mode: 0o700});
	chownSync(stateDirectory, uid, gid);
	for (const name of readdirSync(stateDirectory, {recursive: true, encoding: 'utf8'})) {
		lchownSync(join(stateDirectory, name), uid, gid);
	}

	process.setgroups?.([]);
	process.setgid?.(gid);
	process.setuid?.(uid);
	// A change of identity makes a process readable again.
	return hardenProcess();
}
