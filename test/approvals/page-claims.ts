export const cemClaims = { sub: 'sub-cem', name: 'Cem', email: 'cem@example.com', email_verified: true, groups: ['approvers', 'others'] };

export const approve = { decision: 'approve' };
