-- Amounts that were issued, and the prices that explain them, stay as they are.
CREATE TRIGGER tariff_no_update BEFORE UPDATE ON tariff
BEGIN SELECT RAISE(ABORT, 'a tariff is never changed'); END;
CREATE TRIGGER tariff_no_delete BEFORE DELETE ON tariff
BEGIN SELECT RAISE(ABORT, 'a tariff is never deleted'); END;
CREATE TRIGGER document_no_update BEFORE UPDATE ON document
BEGIN SELECT RAISE(ABORT, 'an issued document is never changed'); END;
CREATE TRIGGER document_no_delete BEFORE DELETE ON document
BEGIN SELECT RAISE(ABORT, 'an issued document is never deleted'); END;
CREATE TRIGGER document_line_no_update BEFORE UPDATE ON document_line
BEGIN SELECT RAISE(ABORT, 'a line of an issued document is never changed'); END;
CREATE TRIGGER document_line_no_delete BEFORE DELETE ON document_line
BEGIN SELECT RAISE(ABORT, 'a line of an issued document is never deleted'); END;
CREATE TRIGGER posting_no_update BEFORE UPDATE ON posting
BEGIN SELECT RAISE(ABORT, 'a posting is never changed'); END;
CREATE TRIGGER posting_no_delete BEFORE DELETE ON posting
BEGIN SELECT RAISE(ABORT, 'a posting is never deleted'); END;
