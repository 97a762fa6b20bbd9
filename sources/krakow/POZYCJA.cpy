      * Lines of invoices.
       01  POZYCJA-REC.
           05  FAKTURA-NR          PIC 9(12).
           05  LP                  PIC 9(4) COMP.
           05  OPIS                PIC X(40).
           05  LINIA-NR            PIC 9(11).
           05  STAWKA              PIC XX.
           05  NETTO               PIC S9(9)V99 COMP-3.
           05  VAT                 PIC S9(9)V99 COMP-3.
