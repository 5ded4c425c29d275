throw new Error('this app is broken on purpose');
